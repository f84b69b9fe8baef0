"""Gets one answer of Arcade's API, of bounded size and in bounded time, and logs nothing."""

import json
import logging
import threading
import time
import zlib
from collections.abc import Mapping
from typing import Any

import httpx

__all__ = ["MAX_ANSWER_BYTES", "TooLargeError", "get", "silence"]

#: An answer holds one identifier. A longer one is not read to its end.
MAX_ANSWER_BYTES = 64 * 1024
#: The loggers of httpx and httpcore that tell about each request.
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")


class TooLargeError(Exception):
    """The answer is longer than this library reads."""


def get(url: str, *, headers: Mapping[str, str], timeout: float) -> tuple[int, Any]:
    """Return the status of the answer, and of a 200 its JSON; None for other statuses, whose text is not read.

    No redirect is followed. A plain ``http`` address, which is a loopback one (``principal.read_credentials``), is asked without
    a proxy: a proxy elsewhere would read the token.

    Args:
        url: ``https://…``, or ``http://`` to a loopback address.
        headers: With the Authorization.
        timeout: Seconds for the connection, for each read, and for the whole answer's body.

    Raises:
        httpx.HTTPError: There is no answer.
        TooLargeError: It is longer than 64 KiB, also once it is expanded.
        ValueError: It is no JSON.
    """
    silence()
    deadline = time.monotonic() + timeout
    with (
        httpx.Client(timeout=timeout, follow_redirects=False, trust_env=url.startswith("https://")) as client,
        client.stream("GET", url, headers={**headers, "accept-encoding": "identity"}) as response,
    ):
        if response.status_code != 200:  # noqa: PLR2004
            return response.status_code, None
        body = b""
        for part in response.iter_raw():
            body += part
            if len(body) > MAX_ANSWER_BYTES or time.monotonic() > deadline:
                raise TooLargeError
        return response.status_code, json.loads(_expanded(body, response.headers.get("content-encoding", "")))


def _expanded(body: bytes, encoding: str) -> bytes:
    """Undo a compression that was not asked for, as far as the bound goes."""
    if encoding in ("", "identity"):
        return body
    try:
        expander = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, as its head says
        expanded = expander.decompress(body, MAX_ANSWER_BYTES)
    except zlib.error as error:
        raise ValueError("an unknown compression") from error
    if expander.unconsumed_tail:
        raise TooLargeError
    return expanded


def silence() -> None:
    """Keep the requests of this library out of the host's logs. The host's own requests, in other threads, are logged as ever."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if _is_not_ours not in logger.filters:
            logger.addFilter(_is_not_ours)


def _is_not_ours(_: logging.LogRecord) -> bool:
    return threading.current_thread().name != "arcade-otel-principal"
