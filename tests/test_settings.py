"""The library checks the program's options at once, joins them with the environment's, and freezes the result."""

import os
import sys
from pathlib import Path

import pytest

import arcade_otel
from arcade_otel import conventions, option_checks, settings as settings_module
from arcade_otel.settings import Settings, default_config_dir, make_settings


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"name": ""}, ValueError),
        ({"name": " "}, ValueError),
        ({"name": 3}, TypeError),
        ({"version": b"1"}, TypeError),
        ({"distribution": ""}, ValueError),
        ({"posthog_api_key": ""}, ValueError),
        ({"posthog_host": "us.i.posthog.com"}, ValueError),
        ({"posthog_host": "ftp://us.i.posthog.com"}, ValueError),
        ({"posthog_host": "https://"}, ValueError),
        ({"posthog_host": "https://user:password@host"}, ValueError),
        ({"posthog_host": "https://host?x=1"}, ValueError),
        ({"config_dir": 3}, TypeError),
        ({"login_commands": ""}, ValueError),
        ({"login_commands": [3]}, TypeError),
        ({"logout_commands": ["x", ""]}, ValueError),
        ({"principal": 3}, TypeError),
        ({"principal": "no colon"}, ValueError),
        ({"sender_command": "a string"}, TypeError),
        ({"sender_command": []}, ValueError),
        ({"live_spans": "yes"}, TypeError),
        ({"error_messages": "all"}, ValueError),
        ({"record_option_names": "yes"}, TypeError),
    ],
)
def test_a_wrong_argument_of_the_application_raises_at_once(wrong: dict[str, object], error: type[Exception]) -> None:
    """The error is raised when the program is imported, and never in a user's run. The message names the argument."""
    with pytest.raises(error, match=next(iter(wrong))):
        make_settings(**wrong)


def test_a_setting_is_a_keyword_of_options_and_a_field_of_settings() -> None:
    """A new setting needs only the two files in CONTRIBUTING's table.

    The field has the default, and its type or name has a check.
    """
    fields = Settings.__annotations__
    assert set(arcade_otel.Options.__annotations__) == set(fields)
    assert [field for field in fields if field not in vars(Settings)] == []
    unchecked = {field for field, kind in fields.items() if kind not in option_checks._CHECKS}
    assert unchecked <= set(settings_module._CHECKS)


def test_the_environment_wins_over_the_application(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key and the host in ARCADE_USAGE_POSTHOG_* replace the arguments of instrument()."""
    monkeypatch.setenv(conventions.ENV_API_KEY, "phc_user")
    monkeypatch.setenv(conventions.ENV_HOST, "https://eu.example/")
    settings = make_settings(name="x", posthog_api_key="phc_app", posthog_host="https://us.example")
    assert (settings.posthog_api_key, settings.posthog_host) == ("phc_user", "https://eu.example")


def test_a_senseless_host_in_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the user never raises an error in a user's run."""
    monkeypatch.setenv(conventions.ENV_HOST, "nonsense")
    assert make_settings(name="x").posthog_host == conventions.DEFAULT_POSTHOG_HOST


def test_settings_are_frozen_and_compare_by_value() -> None:
    """Settings are one value that is made once."""
    settings = make_settings(name="x", config_dir="/c")
    with pytest.raises(AttributeError):
        settings.name = "y"
    assert settings == make_settings(name="x", config_dir="/c")
    assert settings.replace(name="y").name == "y"
    assert settings != settings.replace(name="y")


def test_making_settings_creates_nothing(tmp_path: Path) -> None:
    """Paths are only values until a command is recorded."""
    settings = make_settings(name="x", config_dir=tmp_path / "config")
    assert settings.state_dir == str(tmp_path / "config" / "usage")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"HOME": "{home}"}, "{home}/.arcade"),
        ({"HOME": "{home}", "ARCADE_WORK_DIR": "/w"}, "/w"),
        ({"HOME": "{home}/missing"}, ""),
        ({"HOME": ""}, ""),
        ({"HOME": "relative"}, ""),
        ({"HOME": "/"}, ""),
        ({}, ""),
    ],
)
def test_the_config_directory_is_arcades_or_none(tmp_path: Path, environ: dict[str, str], folder: str) -> None:
    """With an empty, relative or missing HOME there is no config directory.

    The library writes neither to / nor to the working directory.
    """
    environ = {name: value.format(home=tmp_path) for name, value in environ.items()}
    assert default_config_dir(environ) == folder.format(home=tmp_path)


@pytest.mark.posix
@pytest.mark.parametrize("home", ["", "relative", "/dev/null/missing"])
def test_the_process_without_a_home_has_no_config_directory(monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    """The same holds for the real environment, where expanduser would find another directory."""
    monkeypatch.delenv(conventions.ENV_WORK_DIR, raising=False)
    monkeypatch.setenv("HOME", home)
    assert default_config_dir() == ""
    assert not make_settings(name="x", posthog_api_key="phc_x").has_destination


def test_nothing_is_recorded_without_anybody_to_send_it_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a project key, commands are recorded only if an exporter is named."""
    monkeypatch.delenv(conventions.ENV_API_KEY, raising=False)
    monkeypatch.delenv(conventions.ENV_TRACES_EXPORTER, raising=False)
    settings = make_settings(name="x", config_dir=tmp_path)
    assert not settings.has_destination
    assert settings.replace(posthog_api_key="phc_x").has_destination
    monkeypatch.setenv(conventions.ENV_TRACES_EXPORTER, "otlp")
    assert settings.has_destination


@pytest.mark.parametrize(
    ("argv0", "name"),
    [("/home/alice/.local/bin/arcade", "arcade"), ("tool.py", "tool"), ("-c", "cli"), ("", "cli"), ("/x/pkg/__main__.py", "pkg")],
)
def test_the_programs_name_is_never_a_path(monkeypatch: pytest.MonkeyPatch, argv0: str, name: str) -> None:
    """The path of a home folder contains the name of a person."""
    monkeypatch.setattr(sys, "argv", [argv0])
    assert make_settings().name == name


def test_command_paths_may_be_written_with_spaces() -> None:
    """``auth login`` and ``auth.login`` are the same path."""
    settings = make_settings(name="x", login_commands=["auth login", "login"], logout_commands="auth logout")
    assert (settings.login_commands, settings.logout_commands) == (("auth.login", "login"), ("auth.logout",))
    assert os.sep not in settings.name
