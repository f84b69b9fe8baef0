"""Send one request to Arcade's API.

The size of the response and the time that it may take are limited. The request does not appear in the program's logs.
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
    """The answer is longer than the limit of 64 KiB."""


def get(url: str, *, headers: Mapping[str, str], timeout: float) -> tuple[int, Any]:
    """Send a GET request, and return the status of the response and its JSON. Unless the status is 200, the JSON is None.

    No redirect is followed. A plain ``http`` address is always a loopback address, because ``credentials.read_credentials``
    refuses any other. A request to a loopback address uses no proxy, because a proxy on another machine could read the token.

    Args:
        url: An ``https://`` address, or an ``http://`` address with a loopback host.
        headers: The headers of the request, including ``Authorization``.
        timeout: A time limit in seconds, which applies to the connection, to each read, and to the whole body.

    Raises:
        httpx.HTTPError: If no answer came.
        TooLargeError: If the response is longer than 64 KiB, compressed or decompressed, or its body took too long.
        ValueError: If the answer is not JSON.
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
    """Decompress a compressed body, up to the size limit.

    The request asks the server not to compress the response, but some servers compress it anyway.
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
    """Keep this library's requests out of the program's logs. The program's own requests, in other threads, are still logged."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if _is_not_ours not in logger.filters:
            logger.addFilter(_is_not_ours)


def _is_not_ours(_: logging.LogRecord) -> bool:
    return threading.current_thread().name != "arcade-otel-principal"
