"""Tests run beside a real server: `.ci/clients`, or `.ci/with-server pytest`.

Each test that takes `client` has a tenant of its own.
"""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Callable, Iterator

import pytest

from tessera_analytics import Client

numbers = itertools.count(1)


def tessera(*arguments: str) -> str:
    """What a command of the server's program prints."""
    ran = subprocess.run(["tessera", *arguments], check=True, capture_output=True, text=True)
    return ran.stdout.strip()


@pytest.fixture(scope="session")
def url() -> str:
    url = os.environ.get("TESSERA_URL")
    if not url:
        pytest.exit("there is no server: run these tests by `.ci/clients`", returncode=2)
    return url


@pytest.fixture
def make_key() -> Callable[..., str]:
    """Makes a tenant, and a key of it."""

    def make(plan: str = "pro", scopes: str = "ingest,read,export") -> str:
        tenant = f"py-{os.getpid()}-{next(numbers)}"
        tessera("tenant", "create", tenant, "--plan", plan, "--time-zone", "Europe/London")
        return tessera("key", "create", "--tenant", tenant, "--scopes", scopes)

    return make


@pytest.fixture
def client(url: str, make_key: Callable[..., str]) -> Iterator[Client]:
    with Client(url, make_key()) as client:
        yield client
