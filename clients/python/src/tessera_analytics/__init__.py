"""Sends data points to Tessera and asks it questions.

Start with :class:`Client`; :meth:`Client.batch` is for many points, and
:class:`Problem` is what a refused request raises.
"""

from ._answer import Answer, Column, Question, QuestionColumn, Total
from ._batch import Batch, RejectedPoint
from ._client import Client
from ._errors import (
    IncompleteAnswer,
    LimitReached,
    PointsRejected,
    Problem,
    TesseraError,
    Unavailable,
    Unreachable,
)
from ._export import Exported
from ._ingest import Ingested, Point, Rejected
from ._question import Filter, Metric, Order, Top
from ._retry import Retry

__all__ = [
    "Answer",
    "Batch",
    "Client",
    "Column",
    "Exported",
    "Filter",
    "IncompleteAnswer",
    "Ingested",
    "LimitReached",
    "Metric",
    "Order",
    "Point",
    "PointsRejected",
    "Problem",
    "Question",
    "QuestionColumn",
    "Rejected",
    "RejectedPoint",
    "Retry",
    "TesseraError",
    "Top",
    "Total",
    "Unavailable",
    "Unreachable",
]
