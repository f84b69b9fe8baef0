"""Credentials in every form, and an API with every fault."""

import os
import socket
import sys
import time
from pathlib import Path

import pytest

from arcade_otel.identity.principal import (
    Credentials,
    PrincipalUnavailableError,
    fetch_principal,
    get_principal,
    read_credentials,
    validate_id,
)
from tests.identity.arcade_api import ArcadeApi

_VALIDATE, _WHOAMI = "/api/v1/auth/validate", "/api/v1/auth/whoami"


def _credentials(url: str, *, token: str | None = None) -> Credentials:
    return Credentials(url=url, api_key="key", access_token=token)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cloud: {api: {key: k}}", ("https://cloud.arcade.dev", "k", None)),
        ("cloud: {auth: {access_token: t}, coordinator_url: 'https://h/'}", ("https://h", None, "t")),
        ("cloud: {auth: {access_token: t}, coordinator_url: 'http://127.0.0.1:8000/'}", ("http://127.0.0.1:8000", None, "t")),
        ("cloud: {coordinator_url: '', api: {key: k}}", ("https://cloud.arcade.dev", "k", None)),
        ("cloud: {contexts: {one: {api: {key: k}}}}", ("https://cloud.arcade.dev", "k", None)),
        (
            "cloud: {active_context: b, contexts: {a: {api: {key: x}}, b: {api: {key: k}}}}",
            ("https://cloud.arcade.dev", "k", None),
        ),
    ],
)
def test_each_form_of_credentials_is_read(tmp_path: Path, text: str, expected: tuple[str, str | None, str | None]) -> None:
    """The forms are a key, a token, and contexts. An address in the file overrides Arcade's."""
    (tmp_path / "c.yaml").write_text(text)
    found = read_credentials(str(tmp_path / "c.yaml"))
    assert found is not None
    assert (found.url, found.api_key, found.access_token) == expected
    assert "k" not in repr(found).removeprefix("Credentials(url=").replace("cloud", "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\x00\xff\xfe",
        b"[]",
        b"cloud: 5",
        b"cloud: {api: 5}",
        b"cloud: {contexts: {a: {}, b: {}}}",
        b"cloud: {api: {key: 5}}",
    ],
)
def test_credentials_that_make_no_sense_are_none(tmp_path: Path, content: bytes) -> None:
    """Whatever the file contains, the result is no credentials and no exception."""
    (tmp_path / "c.yaml").write_bytes(content)
    assert read_credentials(str(tmp_path / "c.yaml")) is None
    assert read_credentials(str(tmp_path / "missing")) is None
    assert read_credentials(str(tmp_path)) is None


def test_a_tag_in_the_credentials_is_never_run(tmp_path: Path) -> None:
    """A YAML tag that names a function calls no function."""
    (tmp_path / "c.yaml").write_text(f"cloud: !!python/object/apply:os.mkdir ['{tmp_path}/made']")
    assert read_credentials(str(tmp_path / "c.yaml")) is None
    assert not os.path.exists(tmp_path / "made")


def test_the_token_is_tried_first_and_then_the_key() -> None:
    """After a refused token, the key is sent to the same host."""
    with ArcadeApi({_WHOAMI: (401, b"{}"), _VALIDATE: (200, b'{"data": {"principal_id": "by-key"}}')}) as api:
        assert fetch_principal(_credentials(api.url, token="token"), timeout=30) == "by-key"
        assert api.requests == [(_WHOAMI, "Bearer token"), (_VALIDATE, "Bearer key")]
        api.answers[_WHOAMI] = (200, b'{"data": {"account_id": "by-token", "principal_id": "x"}}')
        assert fetch_principal(_credentials(api.url, token="token"), timeout=30) == "by-token"


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_nobody(status: int) -> None:
    """The answers 401 and 403 mean that no account is logged in."""
    with ArcadeApi({_VALIDATE: (status, b"{}")}) as api:
        assert fetch_principal(_credentials(api.url), timeout=30) is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b""),
        (404, b""),
        (200, b"garbage"),
        (200, b"[]"),
        (200, b'{"data": 1}'),
        (200, b'{"data": {"principal_id": "null"}}'),
    ],
)
def test_an_error_or_garbage_is_no_answer(status: int, body: bytes) -> None:
    """Such an answer says neither who is logged in nor that no account is."""
    with ArcadeApi({_VALIDATE: (status, body)}) as api, pytest.raises(PrincipalUnavailableError):
        fetch_principal(_credentials(api.url), timeout=30)


@pytest.mark.parametrize("mode", ["hang", "dribble"])
def test_the_whole_call_is_bounded(mode: str) -> None:
    """The call ends after the time-out if the server never ends its answer, although each byte comes quickly."""
    with ArcadeApi({_VALIDATE: (200, b"{}")}, mode) as api:
        start = time.monotonic()
        with pytest.raises(PrincipalUnavailableError):
            fetch_principal(_credentials(api.url), timeout=0.5)
        assert time.monotonic() - start < 20  # the server itself goes on for 60 s, or for ever


def test_no_redirect_is_followed() -> None:
    """A redirect is no answer, and the secret goes to no other host."""
    with ArcadeApi({_VALIDATE: (200, b"{}")}, "redirect") as api:
        with pytest.raises(PrincipalUnavailableError):
            fetch_principal(_credentials(api.url), timeout=30)
        assert [path for path, _ in api.requests] == [_VALIDATE]


def test_a_refused_connection_is_no_answer() -> None:
    """No server listens at the address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused, and nobody else can take the port
        with pytest.raises(PrincipalUnavailableError):
            fetch_principal(_credentials(f"http://127.0.0.1:{taken.getsockname()[1]}"), timeout=30)


@pytest.mark.posix
def test_a_password_in_netrc_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A default entry in ~/.netrc does not replace the token."""
    (tmp_path / ".netrc").write_text("default login me password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    with ArcadeApi({_VALIDATE: (200, b'{"data": {"principal_id": "p"}}')}) as api:
        assert fetch_principal(_credentials(api.url), timeout=30) == "p"
        assert api.requests == [(_VALIDATE, "Bearer key")]


@pytest.mark.parametrize("value", [None, 5, "", "  ", "a" * 201, "Anonymous", "'null'", "[object Object]", "0", "a\x00b"])
def test_ids_that_posthog_cannot_take_are_none(value: object) -> None:
    """Illegal, empty and overlong ids are refused."""
    assert validate_id(value) is None


def test_the_applications_own_source_is_asked_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The source is a function or its name. If the function raises, there is no answer."""
    (tmp_path / "mine_of_identity.py").write_text("def who():\n    return ' me '\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert get_principal(str(tmp_path), "mine_of_identity:who", timeout=30) == "me"
    sys.modules.pop("mine_of_identity")
    with pytest.raises(PrincipalUnavailableError):
        get_principal(str(tmp_path), "registered-by-nobody", timeout=30)
    assert get_principal(str(tmp_path), lambda: None, timeout=30) is None
    with pytest.raises(PrincipalUnavailableError):
        get_principal(str(tmp_path), lambda: str(1 // 0), timeout=30)
