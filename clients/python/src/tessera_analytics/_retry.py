"""When a request is sent again, and after how long."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Retry:
    """How often and how long a client tries.

    A request is sent again when no answer came, and after 408, 429, 502, 503
    and 504. The server's ``Retry-After`` is obeyed; where it is longer than
    :attr:`longest_wait`, or a 429 has none (waiting would not help), the
    refusal is raised at once.
    """

    #: Attempts in all; 1 never sends again.
    attempts: int = 5
    #: Seconds before the second attempt; doubled for each one after it, and
    #: shortened at random by up to a half, so that clients do not come at once.
    first_wait: float = 0.5
    #: The most seconds that are waited between two attempts.
    longest_wait: float = 60.0
    #: Waits. Tests put a clock of theirs here.
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def wait_before(self, attempt: int, status: int | None, retry_after: float | None) -> float | None:
        """Seconds to wait before attempt number ``attempt`` (from 2), given
        the last answer; None when it is not to be made."""
        if attempt > self.attempts:
            return None
        if status not in (None, 408, 429, 502, 503, 504):
            return None
        if retry_after is not None:
            return retry_after if retry_after <= self.longest_wait else None
        if status == 429:
            return None
        doubled = self.first_wait * 2.0 ** (attempt - 2)
        return min(doubled, self.longest_wait) * random.uniform(0.5, 1.0)
