"""Send one request to Arcade's API.

The size and the duration of the response are limited. The program's logs do not contain the request.
"""

import json
import logging
import ssl
import threading
import time
import zlib
from collections.abc import Mapping
from typing import Any

import httpx

__all__ = ["MAX_ANSWER_BYTES", "TooLargeError", "get", "silence"]

#: An answer contains one identifier. Longer answers are not read to their end.
MAX_ANSWER_BYTES = 64 * 1024
#: The loggers of httpx and httpcore that log each request.
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")


class TooLargeError(Exception):
    """The response is longer than 64 KiB, or its body took longer than the time limit."""


def get(url: str, *, headers: Mapping[str, str], timeout: float) -> tuple[int, Any]:
    """Send a GET request, and return the status code and the decoded JSON of the response.

    If the status code is not 200, the returned JSON is None.

    No redirect is followed. A request to an ``http`` address uses no proxy, because a proxy on another machine could read the
    token.

    Args:
        url: An ``https://`` address, or an ``http://`` address with a loopback host (``credentials`` refuses other addresses).
        headers: The headers of the request, including ``Authorization``.
        timeout: A time limit in seconds, which applies to the connection, to each read, and to the whole body.

    Raises:
        httpx.HTTPError: If the request fails, or if no complete response arrives.
        TooLargeError: If the response is longer than 64 KiB before or after decompression, or if its body takes too long.
        ValueError: If the response is not JSON, or if its compression is unknown.
    """
    silence()
    deadline = time.monotonic() + timeout
    https = url.startswith("https://")
    # Without https there is no certificate to check, and loading the authorities' certificates takes 25 ms.
    verify = True if https else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with (
        httpx.Client(timeout=timeout, follow_redirects=False, trust_env=https, verify=verify) as client,
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
    """Return the decompressed body, or the body itself if it is not compressed.

    The request asks the server for an uncompressed response, but some servers compress it anyway.
    """
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
    """Keep the requests of this module out of the program's logs.

    The log filter drops only records from the thread that asks for the principal. The program's own requests run in other
    threads, so they are still logged.
    """
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if _is_not_ours not in logger.filters:
            logger.addFilter(_is_not_ours)


def _is_not_ours(_: logging.LogRecord) -> bool:
    return threading.current_thread().name != "arcade-otel-principal"
