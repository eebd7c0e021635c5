"""Requests, sent again where that helps."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from ._errors import Unreachable, problem_of, retry_after
from ._retry import Retry

#: Bodies above this are compressed: smaller ones fit into a few packets.
COMPRESS_FROM_BYTES = 8 * 1024


class Http:
    """A connection pool with a credential and a policy of retries."""

    def __init__(self, http: httpx.Client, retry: Retry) -> None:
        self._http = http
        self._retry = retry

    def close(self) -> None:
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        takes: tuple[int, ...] = (),
    ) -> httpx.Response:
        """The response, read whole. A status of 400 or more that ``takes``
        does not name raises a :class:`Problem`."""
        with self.stream(method, path, body=body, headers=headers, params=params, takes=takes) as response:
            try:
                response.read()
            except httpx.TransportError as error:
                raise Unreachable(f"the answer of {method} {path} broke off: {error}") from error
            return response

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        takes: tuple[int, ...] = (),
        timeout: httpx.Timeout | None = None,
    ) -> Iterator[httpx.Response]:
        """The response, whose body is still to be read."""
        headers = dict(headers or {})
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            # Only the routes of points take compressed bodies.
            if "Idempotency-Key" in headers and path.endswith("/data-points") and len(body) > COMPRESS_FROM_BYTES:
                body = gzip.compress(body, compresslevel=6, mtime=0)
                headers["Content-Encoding"] = "gzip"
        request = self._http.build_request(method, path, content=body, headers=headers, params=params)
        if timeout is not None:
            request.extensions["timeout"] = timeout.as_dict()
        response = self._first_answer(request, takes)
        try:
            yield response
        finally:
            response.close()

    def _first_answer(self, request: httpx.Request, takes: tuple[int, ...]) -> httpx.Response:
        attempt = 1
        while True:
            attempt += 1
            try:
                response = self._http.send(request, stream=True)
            except httpx.TransportError as error:
                wait = self._retry.wait_before(attempt, None, None)
                # A question that took too long would take as long again, and
                # the server may still be busy with the first.
                slow = isinstance(error, httpx.ReadTimeout) and "Idempotency-Key" not in request.headers
                if wait is None or slow:
                    raise Unreachable(
                        f"no answer to {request.method} {request.url.path}: {error or type(error).__name__}"
                    ) from error
            else:
                if response.status_code < 400 or response.status_code in takes:
                    return response
                wait = self._retry.wait_before(attempt, response.status_code, retry_after(response))
                if wait is None:
                    raise _problem(response)
                response.close()
            self._retry.sleep(wait)


def _problem(response: httpx.Response) -> Exception:
    try:
        response.read()
    except httpx.TransportError as error:
        return Unreachable(f"the refusal ({response.status_code}) broke off: {error}")
    finally:
        response.close()
    return problem_of(response)
