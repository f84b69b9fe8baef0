"""The message of an error keeps no secret, no path and no text that the user typed."""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, strategies as st

from arcade_otel.spans.redaction import error_message, redact


@pytest.fixture(autouse=True)
def _no_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clear the arguments of pytest, which would count as typed and would be redacted."""
    monkeypatch.setattr("sys.argv", ["tool"])


SECRETS = [
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "sk-proj-abcdefghijklmnop1234",
    "xoxb-1234567890-abcdefghij",
    "AKIAIOSFODNN7EXAMPLE",
    "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "phx_abcdefghijklmnop",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "alice@example.com",
    "192.168.17.4",
    "fe80::1ff:fe23:4567:890a",
    "/home/alice/secret/project",
    "C:\\Users\\alice\\Documents",
    "dGhpcyBpcyBhIHNlY3JldCBrZXk5OTk",
    "9f86d081884c7d659a2feaa0c55ad015",
    "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "frame", ["{}", "could not use {}", "bad '{}'!", 'bad "{}"', "x={}", "({})", "token: {}", "a {}, and more", "[{}]", "<{}>"]
)
def test_known_shapes_are_taken_out_wherever_they_stand(secret: str, frame: str) -> None:
    """The secret is in quotes, in brackets, after an equals sign, or at either end."""
    assert secret not in redact(frame.format(secret))


def test_a_token_that_follows_a_terminal_sequence_is_taken_out() -> None:
    """Without the sequence, the word before it would hide where the token begins."""
    token = "A" * 21 + "b" * 40 + "%3D" + "c" * 50
    assert "A" * 21 not in redact(f"refused: 0\x1b[m{token}")


def test_an_address_keeps_its_host_and_loses_the_rest() -> None:
    """The address loses its user, password, path, query and fragment."""
    told = redact("cannot reach https://bob:hunter2@api.example.com:8443/v1/users/7?key=abc#frag: refused")
    assert "https://api.example.com:8443" in told
    for gone in ("bob", "hunter2", "users", "abc", "frag"):
        assert gone not in told


@pytest.mark.parametrize(
    "key", ["password", "PASSWD", "api_key", "client-secret", "Authorization", "session_id", "AWS_SECRET_ACCESS_KEY"]
)
@pytest.mark.parametrize(
    "frame", ["{}=opensesame", "{}: opensesame", "'{}': 'opensesame'", '"{}": "open sesame"', "{} = opensesame"]
)
def test_values_of_telling_names_are_taken_out(key: str, frame: str) -> None:
    """The names and values are written as in shells, headers, JSON and Python."""
    told = redact(frame.format(key))
    assert "sesame" not in told
    assert "opensesame" not in told


def test_what_was_typed_is_taken_out_but_not_its_letters_elsewhere() -> None:
    """A short word of the command line is replaced only where it is a whole word."""
    told = redact("connection on port on-fire", arguments=["on"])
    assert told == "connection <argument> port <argument>-fire"
    assert "s3cr3tname" not in redact("no toolkit s3cr3tname_v2", arguments=["--name=s3cr3tname"])


def test_values_of_the_environment_are_taken_out() -> None:
    """The names of the variables do not matter. The user's own name is redacted too."""
    told = redact("failed as alice with correct horse battery", environ={"USER": "alice", "WHATEVER": "correct horse battery"})
    assert "alice" not in told
    assert "horse" not in told


def test_a_key_block_is_taken_out_even_when_it_has_no_end() -> None:
    """A cut-off message can lack the end of the block."""
    told = redact("bad -----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc")
    assert told == "bad <redacted>"


def test_ordinary_messages_stay_readable() -> None:
    """A maintainer can read a message that contains no secret."""
    for message in (
        "division by zero",
        "unsupported operand type(s) for +: 'int' and 'str'",
        "internationalization_of_things went wrong",
        "Toolkit is not installed (exit status 3)",
        "HTTP 503 Service Unavailable",
    ):
        assert redact(message) == message


def test_a_password_without_a_letter_is_taken_out_but_not_what_separates() -> None:
    """Several different signs, or a long row of signs, are a value.

    The separators "--" and "://" are no value, even if the user typed them.
    """
    assert redact("no access with !@#$ today", arguments=["--with", "!@#$"]) == "no access with <argument> today"
    assert redact("bad ;;;;;;;; end", arguments=[";;;;;;;;"]) == "bad <argument> end"
    assert redact(":;..\x1b\x08:{", arguments=[":;..\x1b\x08:{"]) == "<argument>"
    assert redact("https://h.example -- gone", arguments=["--", "://", "/"]) == "https://h.example -- gone"


@given(st.text(), st.text(min_size=2, max_size=40), st.text())
def test_a_word_of_the_command_line_never_survives(before: str, typed: str, after: str) -> None:
    """The text around the word does not matter, unless the word is part of a longer word."""
    told = redact(f"{before} {typed} {after}", arguments=[typed])
    assert len(told) <= 300
    told.encode()  # no lone surrogate is left
    if len(typed) >= 8 and not set(typed) & set("<argument>redctdphmlis \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85"):
        assert typed not in told


def test_a_huge_message_costs_no_more_than_a_long_one_and_is_not_cut_inside_a_secret() -> None:
    """The library does not read a message of 2 MB to its end."""
    told = redact("x " * 1990 + "tail ghp_abcdefghijklmnopqrstuvwxyz0123456789" + "y" * 2_000_000)
    assert len(told) <= 300
    assert "ghp_" not in told


def test_an_application_chooses_what_is_told() -> None:
    """The program can have a redacted message, no message, or a message of its own."""
    error = ValueError("token=abc123")
    assert error_message(error, "redacted") == "token=<redacted>"
    assert error_message(error, "class") is None
    assert error_message(error, lambda e: f"my {type(e).__name__}") == "my ValueError"
    assert error_message(error, lambda _: "x" * 1000) == "x" * 300
    assert error_message(error, lambda _: None) is None


def test_an_error_that_cannot_be_read_has_no_message() -> None:
    """The ``__str__`` of a program's exception may raise."""

    class BrokenError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert error_message(BrokenError(), "redacted") is None


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("db postgres://bob:hun/ter2@h.example/x", "db postgres://<redacted>"),
        ("db postgres://bob:h@nter@h.example/x", "db postgres://<redacted>"),
        ("cannot connect to https://u:p@api.example.com:8080/a?b=c now", "cannot connect to https://api.example.com:8080 now"),
        ("no C:\\Users\\Jane Doe\\a.txt here", "no <path> here"),
        ("open /home/jane doe/notes.txt now", "open <path> now"),
    ],
)
def test_passwords_and_paths_that_are_hard_to_tell_leave_nothing_behind(message: str, expected: str) -> None:
    """A password can contain a slash or an @, and the name of a folder can contain a space."""
    assert redact(message) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("error:/home/alice/x y", "error:<path> y"),
        ("no ../notes here", "no <path> here"),
        ('open "/srv/jane doe"', 'open "<path>"'),
        ("401 for Bearer abcdefgh", "401 for Bearer <redacted>"),
        ("id 11111111-1111-1111-1111-111111111111", "id <id>"),
        ("cannot read data/customers.csv now", "cannot read <path> now"),
        ("in src\\acme\\billing it broke", "in <path> it broke"),
        ("and/or application/json n/a", "and/or application/json n/a"),
        ("card 4111 1111 1111 1111 declined", "card <number> declined"),
        ("root@server1: denied", "<email>: denied"),
        ("key=abc pin: 1234", "key=<redacted> pin: <redacted>"),
        ("bad aB3xY9kLmQ here", "bad <redacted> here"),
        ("bad qwjhzkvxpmrtgbnyfdcslaoe here", "bad <redacted> here"),
        ("OAuth2Provider failed in Sha256", "OAuth2Provider failed in Sha256"),
    ],
)
def test_shapes_without_a_vendor(message: str, expected: str) -> None:
    """The message has relative paths, long numbers, accounts on machines, or random-looking words."""
    assert redact(message) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("invalid literal for int() with base 10: 'hunter2'", "invalid literal for int() with base 10: '<value>'"),
        ("b'hunter2' and f\"x\"", "b'<value>' and f\"<value>\""),
        ("can't open it, it's locked", "can't open it, it's locked"),
        ("bad 'it's mine' here", "bad '<value>' here"),
        ("unterminated 'abc def\nghi", "unterminated '<value>'"),
        ("Toolkit \u201cgithub\u201d gone", "Toolkit \u201c<value>\u201d gone"),
        ("'int' and 'NoneType'", "'int' and 'NoneType'"),
        ("Missing option '--name'", "Missing option '--name'"),
        ("open '/a/b c'", "open '<path>'"),
    ],
)
def test_what_stands_in_quotes_is_data_and_taken_out(message: str, expected: str) -> None:
    """Only options and the names of Python's own types stay in quotes."""
    assert redact(message, quoted=[]) == expected


def raised(source: str) -> BaseException:
    """Return the exception that ``source`` raises."""
    try:
        exec(source, {})  # noqa: S102 - the tests' own
    except BaseException as error:  # noqa: BLE001
        return error
    raise AssertionError(source)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{}.nothing", "'dict' object has no attribute 'nothing'"),
        ("import no_such_module", "No module named 'no_such_module'"),
        ("nothing", "name 'nothing' is not defined"),
        ("1 + 'a'", "unsupported operand type(s) for +: 'int' and 'str'"),
        ("{}['hunter2']", "'<value>'"),
        ("raise AttributeError('no hunter2', name='x') from KeyError('y')", "no hunter2"),
        ("raise AttributeError(\"no 'hunter2'\")", "no '<value>'"),
        ("open('cust omers')", "[Errno 2] No such file or directory: '<path>'"),
        (
            "try: open('cust omers')\nexcept OSError as e: raise ValueError(f'cannot use {e.filename} now') from e",
            "cannot use <path> now",
        ),
        (
            "try: open('no/cust omers')\nexcept OSError as e: raise ValueError('cannot use cust omers now') from e",
            "cannot use <path> now",
        ),
        ("import json; json.loads('{hunter2')", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    ],
)
def test_what_the_interpreter_quotes_of_the_program_is_told_and_what_it_quotes_of_data_is_not(source: str, expected: str) -> None:
    """A quoted name stays if it is in the source code, as far as the exception itself has this name."""
    assert error_message(raised(source), "redacted") == expected


@pytest.mark.parametrize("typed", ["-pS3cret", "a b\nc d", "x/y?z", "caf\u00e9 noir", "tab\there", "100%"])
def test_what_was_typed_is_known_however_it_is_escaped(typed: str) -> None:
    """The escapes are those of Python, JSON and URLs."""
    for spelling in (typed, repr(typed), json.dumps(typed), quote(typed, safe=""), quote_plus(typed), typed.upper()):
        told = redact(f"bad <{spelling}> here", arguments=[typed])
        assert "<argument>" in told, spelling
        assert "cret" not in told.replace("secret", "")


def test_a_value_attached_to_a_short_option_is_known_alone() -> None:
    """The user types such a value as ``-pVALUE``."""
    assert redact("no Hunter2 here", arguments=["-pHunter2"]) == "no <argument> here"


@pytest.mark.parametrize("typed", ["secret/plans.txt", "--file=C:\\secret\\plans.txt", "-fsecret/plans.txt", "secret/plans.txt/"])
def test_the_name_of_a_file_that_was_typed_is_known_without_its_directory(typed: str) -> None:
    """A program may join the name with another directory."""
    assert redact("no plans.txt here", arguments=[typed]) == "no <argument> here"


def test_a_line_of_what_was_typed_is_known_alone() -> None:
    """The message of a parser may quote only the line that is wrong."""
    assert redact("not this: Hunter2", arguments=["first\nHunter2"]) == "not this: <argument>"


def test_the_name_of_the_home_directory_is_a_persons() -> None:
    """No variable has the name of the user."""
    assert redact("nobody called jane", environ={"HOME": "/home/jane"}) == "nobody called <argument>"


def test_a_word_that_is_cut_in_two_is_dropped() -> None:
    """The remaining part of a secret may not look like a secret."""
    assert redact(" " * 1990 + "x hunter2hunter2") == "x"


def test_a_short_value_of_a_variable_that_tells_of_a_secret_is_taken_out() -> None:
    """Short values of other variables are too often ordinary words."""
    environ = {"DB_PASSWORD": "cat", "PETS": "dog", "SHELL_AUTH": "true"}
    assert redact("a cat, a dog: true", environ=environ) == "a <argument>, a dog: true"


def test_a_function_of_the_applications_that_raises_costs_only_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event is still recorded."""
    monkeypatch.delenv("ARCADE_USAGE_STRICT", raising=False)

    def broken(error: BaseException) -> str:
        raise RuntimeError from error

    assert error_message(ValueError("x"), broken) is None


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("Quokkabriefing.CreateIssue", "no toolkit called Quokkabriefing"),
        ("select hunterword", "no such column: hunterword"),
        ("quokka:key", "unknown user quokka"),
        ("--dsn=quokka@version", "there are no quokkas"),
        ("quokka-zanzibar", "cannot read quokka_zanzibar"),
        ("quokka-zanzibar", "no class QuokkaZanzibar"),
        ("QuokkaZanzibar", "no table quokka_zanzibar"),
        ("quokka zanzibar", "no slug quokkazanzibar_1"),
    ],
)
def test_parts_and_other_spellings_of_what_was_typed_are_taken_out(typed: str, message: str) -> None:
    told = redact(message, arguments=[typed]).lower()
    assert "<argument>" in told
    assert not any(word in told for word in ("quokka", "zanzibar", "hunterword"))


def test_parts_of_typed_options_and_ordinary_words_stay() -> None:
    assert redact("the force is not a json file", arguments=["--force", "a.json"]) == "the force is not a json file"


@pytest.mark.parametrize("arguments", [[f"file{number}.py" for number in range(100_000)], ["x" * 1_000_000]])
def test_a_command_line_too_large_to_look_for_tells_no_message(arguments: list[str]) -> None:
    assert redact("file7.py is broken", arguments=arguments) == ""


def test_a_short_message_about_one_of_many_files_is_told() -> None:
    arguments = [f"src/package/tests/file{number}.py" for number in range(5_000)]
    assert redact("file7.py: a tests failure", arguments=arguments) == "<argument>: a <argument> failure"
    assert redact("the tree is not clean", arguments=arguments) == "the tree is not clean"


def test_a_long_environment_does_not_cost_the_message() -> None:
    environ = {"PATH": ":".join(f"/opt/tool{number}/bin" for number in range(5_000)), "NOTE": "correct horse battery"}
    environ |= {f"VARIABLE_{number}": f"some value {number}" for number in range(2_000)}
    assert redact("no correct horse battery", environ=environ) == "no <argument>"


@pytest.mark.parametrize("message", ["file7.py is broken", "tests " * 300, "a b c " + "py " * 600])
@pytest.mark.parametrize("count", [600, 5_900, 100_000])
def test_many_arguments_cost_less_than_a_loop_of_two_and_a_half_million_additions(count: int, message: str) -> None:
    """The loop takes 0.1 s on a usual machine. It runs in the same process, because the speed of machines differs."""
    arguments = [f"src/package/tests/file{number}.py" for number in range(count)]
    redaction = min(_seconds(lambda: redact(message, arguments=arguments)) for _ in range(5))
    assert redaction < min(_seconds(_add) for _ in range(5))


def _add() -> None:
    total = 0
    for number in range(2_500_000):
        total += number


def _seconds(work: Callable[[], object]) -> float:
    start = time.thread_time()
    work()
    return time.thread_time() - start


@pytest.mark.parametrize(
    "message",
    [
        "token expired",
        "basic authentication is not supported",
        "session: closed",
        "token: expired, log in again",
        "Missing required key",
        "user: not found",
    ],
)
def test_what_a_sentence_says_of_a_token_or_a_session_is_no_secret(message: str) -> None:
    assert redact(message) == message


@pytest.mark.parametrize(
    "message", ["token abc123def", "token abcXdefg", "token abcdefghijkl", "Basic dXNlcjpw", "token: hunter2", "key: huNter"]
)
def test_what_looks_like_a_secret_after_such_a_word_is_taken_out(message: str) -> None:
    assert redact(message).split()[1:] == ["<redacted>"]


def test_the_commands_own_path_is_told_but_the_same_word_as_an_argument_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    error = ValueError("deploy failed: deploy needs a clean tree")
    monkeypatch.setattr("sys.argv", ["tool", "cloud", "deploy"])
    assert error_message(error, "redacted", path="cloud.deploy") == str(error)
    monkeypatch.setattr("sys.argv", ["tool", "cloud", "deploy", "deploy"])
    assert error_message(error, "redacted", path="cloud.deploy") == "<argument> failed: <argument> needs a clean tree"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("(lambda name, *, kind: 0)(kind=1)", "<lambda>() missing 1 required positional argument: 'name'"),
        ("raise TypeError(\"missing 'hunter'\")", "missing '<value>'"),
        ("b'\\xff'.decode()", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ],
)
def test_names_of_arguments_and_codecs_are_the_programs(source: str, expected: str) -> None:
    assert error_message(raised(source), "redacted") == expected


USERS_CODE = "def run(): raise ValueError(\"no 'hunter2'\")"


class OwnError(Exception):
    """An exception of this module."""


@pytest.mark.parametrize(("error_class", "told"), [(OwnError, "the tree is not clean"), (ValueError, None)])
def test_an_application_may_tell_the_messages_of_its_own_classes_only(error_class: type[Exception], told: str | None) -> None:
    with pytest.raises(error_class) as caught:
        raise error_class("the tree is not clean")
    assert error_message(caught.value, "own") == told


@pytest.mark.parametrize("message", ["closed at 12:30:45", "no a::b in scope", "HTTP/1.1 404 Not Found"])
def test_times_names_and_protocols_are_neither_addresses_nor_paths(message: str) -> None:
    assert redact(message) == message


def test_colours_and_links_of_a_terminal_are_left_out() -> None:
    assert redact("\x1b[1;31mred\x1b[0m \x1b]8;;https://quokka.example\x1b\\here\x1b]8;;\x1b\\") == "red here"
    assert redact("no hun\x1b[1mter2 here", arguments=["hunter2"]) == "no <argument> here"


@pytest.mark.parametrize("address", ["fe80::1", "::1", "2001:db8::ff00:42:8329", "12:30:45:67:89:1:2:3"])
def test_addresses_of_the_sixth_version_are_taken_out(address: str) -> None:
    assert redact(f"no route to {address}") == "no route to <ip>"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("no account DE89 3704 0044 0532 0130 00 found", "no account <number> found"),
        ("IBAN AL47212110090000000235698741!", "IBAN <number>!"),
        ("DE89 3704 0044 0532 0130 01 has a wrong sum", "DE89 <number> has a wrong sum"),
        ("call (415) 555-0132 or +1 (415) 555-0132", "call <number> or <number>"),
        ("card 00-1A-2B-3C-4D-5E of 0012.3456.789a", "card <id> of <id>"),
        ("no access for dipPr128Gg! today", "no access for <redacted> today"),
        ("bad Prl23Db#@ here", "bad <redacted> here"),
        ("psql --password hunter2! failed", "psql --password <redacted> failed"),
        ("passwd := open2sesame, then", "passwd := <redacted>, then"),
        ("bad password=open sesame now&user=jane end", "bad password=<redacted>&user=<redacted> end"),
        ("GET https://api.example.com/?q=jane doe&page=2 failed", "GET https://api.example.com failed"),
        ("no s3://quokka-bucket/a.csv here", "no s3://<redacted> here"),
        ("arn:aws:iam::123456789012:role/quokka: denied", "arn:<value> denied"),
        ("The config profile (quokka) could not be found", "The config profile (<value>) could not be found"),
        ("Key (name)=(Quokka Ltd) already exists.", "Key (name)=(<value>) already exists."),
        ("DETAIL: Failing row contains (1, quokka, null).", "DETAIL: Failing row contains (<value>)."),
        ("no such table\n[SQL: select quokka from t where a[1]]\n(Background on this error)", "[SQL: <value>]"),
        ("Opening and ending tag mismatch: quokka line 1 and zanzibar, line 1", "<value> line 1 and <value>, line 1"),
        ("while parsing a flow sequence\n  quokka: [zanzibar\n          ^", "while parsing a flow sequence <value> ^"),
        ("assert lists differ\n- quokka\n+ zanzibar", "assert lists differ - <value> + <value>"),
    ],
)
def test_accounts_answers_of_databases_and_lines_of_files_are_taken_out(message: str, expected: str) -> None:
    told = redact(message)
    assert expected in told
    assert not any(word in told for word in ("quokka", "zanzibar", "sesame", "jane"))


@pytest.mark.parametrize(
    "message",
    [
        "HTTPSConnectionPool has ConnectTimeoutError in urllib3.connection.HTTPSConnection",
        "google.api_core.exceptions.PermissionDenied: 403",
        "arcade-core 2.31.0 on x86_64-linux-gnu, manylinux_2_17_x86_64 and aarch64-unknown-linux-gnu",
        "arcade_core-2.0.0-cp311-cp311-manylinux_2_28_x86_64.whl is not supported",
        "NoCredentialsError: Unable to locate credentials",
        "password: required",
        "since 2026-03-14 12:30:45 and 2026-03-14T12:30:45",
        "<Tool object at 0x7f3a5c0b1d90>",
    ],
)
def test_names_of_classes_platforms_versions_and_times_stay(message: str) -> None:
    assert redact(message) == message


@pytest.mark.parametrize(
    ("quoted", "told"),
    [
        (
            "<urllib3.connection.HTTPSConnection object>: Failed to establish a new connection: [Errno 111] Connection refused",
            "same",
        ),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1000)", "same"),
        (
            "Failed to resolve quokka ([Errno -2] Name or service not known)",
            "Failed to resolve <value> [Errno -2] Name or service not known)",
        ),
        ("404 Not Found", "same"),
        ("404 Jane Doe", "<value>"),
        ("https://api.example.com/v1/quokka", "https://api.example.com"),
    ],
)
def test_what_says_how_a_connection_failed_is_told_in_quotes_too(quoted: str, told: str) -> None:
    assert redact(f"error '{quoted}' now", quoted=[]) == f"error '{quoted if told == 'same' else told}' now"


def test_the_end_of_a_process_is_told_without_its_command() -> None:
    message = "Command '['psql', '--quokka', 'zanzibar']' returned non-zero exit status 3."
    assert redact(message, quoted=[]) == "Command '<value>' returned non-zero exit status 3."


@pytest.mark.parametrize("spelling", ["71756f6b6b61", "71756F6B6B61"])
def test_what_was_typed_is_known_in_hex(spelling: str) -> None:
    assert redact(f"no {spelling} here", arguments=["quokka"]) == "no <argument> here"


def test_what_the_programs_own_code_quotes_is_told_and_what_it_fills_in_is_not() -> None:
    mode = "quokka".upper()
    with pytest.raises(ValueError, match="none of") as caught:
        raise ValueError(f"'{mode}' is none of 'stdio' and 'http'")
    assert error_message(caught.value, "redacted") == "'<value>' is none of 'stdio' and 'http'"


def test_constants_of_other_code_than_the_programs_are_data() -> None:
    """A program may run a user's code, which is not in its package, not in Python, and not installed."""
    users: dict[str, Any] = {"__name__": "users_own"}
    exec(compile(USERS_CODE, "user.py", "exec"), users)  # noqa: S102 - the tests' own
    with pytest.raises(ValueError, match="no") as caught:
        users["run"]()
    assert error_message(caught.value, "redacted") == "no '<value>'"


@pytest.mark.parametrize("ask", ["input()", "getpass()", "prompt('Name')"])
def test_an_answer_at_a_prompt_is_taken_out_of_what_is_made_of_it(ask: str) -> None:
    source = (
        f"input = getpass = prompt = lambda *_: 'quokka-zanzibar'[:]\n"
        f"def command():\n    name = {ask}\n    message = f'no worker {{name}}'\n    raise ValueError(message)\ncommand()"
    )
    assert error_message(raised(source), "redacted") == "no worker <argument>"


class _ReasonedError(Exception):
    """An exception like the Arcade CLI's, whose text has more than the message."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message, reason)
        self.message, self.reason = message, reason

    def __str__(self) -> str:
        return f"{self.message}: {self.reason}" if self.reason else "something else"


@pytest.mark.parametrize(
    ("reason", "told"), [("the tree is not clean", "no deployment: the tree is not clean"), ("", "no deployment")]
)
def test_an_error_with_a_message_is_told_with_the_reason_that_its_text_has(reason: str, told: str) -> None:
    assert error_message(_ReasonedError("no deployment", reason), "redacted") == told


class _Context:
    """A context with the attributes of Click's context."""

    def __init__(self, **params: str) -> None:
        self.params, self.parent = params, None
        option = type("Option", (), {"name": "force", "opts": ["--force", "-f"], "secondary_opts": ["--no-force"]})
        self.command = type("Command", (), {"params": [option]})


def test_values_of_a_command_that_was_swapped_for_another_are_taken_out() -> None:
    """The frames of the error's traceback hold the context of the first command."""

    def invoke(ctx: _Context) -> None:
        raise ValueError("no worker quokka")

    with pytest.raises(ValueError, match="quokka") as caught:
        invoke(_Context(name="quokka"))
    assert error_message(caught.value, "redacted") == "no worker <argument>"


def test_an_option_that_the_command_defines_is_told_and_its_value_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def invoke(ctx: _Context) -> None:
        raise ValueError("--force is not allowed with quokka and --hidden")

    monkeypatch.setattr("sys.argv", ["tool", "--force=quokka", "--no-force", "--hidden"])
    with pytest.raises(ValueError, match="quokka") as caught:
        invoke(_Context())
    assert error_message(caught.value, "redacted") == "--force is not allowed with <argument> and <argument>"
