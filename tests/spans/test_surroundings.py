"""The recorded agent, provider and installation are words of a closed table, and never words of the user's environment."""

import json
from pathlib import Path

import pytest

from arcade_otel import handoff
from arcade_otel.handoff import enrichment
from arcade_otel.spans import surroundings


def seen(environ: dict[str, str]) -> dict[str, str]:
    """Return what a sender knows about its command's environment."""
    return enrichment.command_environment(handoff.sender_environment("/f", None, environ))


@pytest.mark.parametrize(
    ("environ", "slug"),
    [
        ({}, None),
        ({"CLAUDECODE": "1"}, "claude-code"),
        ({"CLAUDECODE": "1", "CLAUDE_CODE_IS_COWORK": "1"}, "cowork"),
        ({"CURSOR_AGENT": "1"}, "cursor"),
        ({"CODEX_THREAD_ID": "019535d9-secret"}, "codex"),
        ({"AI_AGENT": "Goose"}, "goose"),
        ({"AI_AGENT": "claude-code@2.1"}, "claude-code"),
        ({"AI_AGENT": "jane's own agent"}, "other"),
        ({"AGENT": "amp"}, "amp"),
        ({"AGENT": "ssh", "GEMINI_CLI": "1"}, "gemini-cli"),
        ({"AGENT": "/home/jane/agent"}, "other"),
        ({"CURSOR_TRACE_ID": "x", "COPILOT_GITHUB_TOKEN": "x"}, None),
    ],
)
def test_an_agent_is_known_by_its_own_variable_or_by_the_value_of_a_shared_one(environ: dict[str, str], slug: str | None) -> None:
    """Variables that an editor also sets for a person do not count."""
    assert surroundings.agent(seen(environ)) == slug


@pytest.mark.parametrize(
    ("environ", "slug"),
    [
        ({}, None),
        ({"CI": "true"}, "other"),
        ({"CI": "true", "GITHUB_ACTIONS": "true"}, "github-actions"),
        ({"JENKINS_URL": "https://ci.internal.example.com"}, "jenkins"),
    ],
)
def test_a_ci_provider_is_known_by_its_variable(environ: dict[str, str], slug: str | None) -> None:
    """``CI`` alone means an unknown provider."""
    assert surroundings.ci_provider(seen(environ)) == slug


def test_a_sender_is_given_no_value_of_the_variables_but_the_name_of_an_agent() -> None:
    """Each variable of the tables, and one variable that no table has, is set to a secret."""
    names = [*surroundings.AGENTS, *surroundings.CI_PROVIDERS, surroundings.KUBERNETES, "MY_TOKEN"]
    environ = handoff.sender_environment("/f", None, dict.fromkeys(names, "phx_secret"))
    assert set(environ[handoff.ENV_NAMES].split()) == set(names)
    assert "phx_secret" not in environ.values()


def test_each_slug_is_short_and_lower_case() -> None:
    """The slugs become values of a breakdown in PostHog."""
    slugs = {*surroundings.AGENTS.values(), *surroundings.CI_PROVIDERS.values()}
    assert all(slug.islower() and slug.replace("-", "").isalnum() and len(slug) < 20 for slug in slugs)


@pytest.mark.parametrize(
    ("files", "method"),
    [
        ({"lib/python3.12/site-packages/tool-1.dist-info/INSTALLER": "pip\n"}, "pip"),
        ({"lib/python3.12/site-packages/tool-1.dist-info/INSTALLER": "uv"}, "uv"),
        ({"lib/python3.12/site-packages/tool-1.dist-info/INSTALLER": "pip", "pipx_metadata.json": "{}"}, "pipx"),
        ({"lib/python3.12/site-packages/tool-1.dist-info/INSTALLER": "uv", "uv-receipt.toml": ""}, "uv-tool"),
        ({"Lib/site-packages/tool-1.dist-info/INSTALLER": "uv", "uv-receipt.toml": ""}, "uv-tool"),
        ({"lib/python3.12/site-packages/tool-1.dist-info/INSTALLER": "conda"}, "conda"),
        ({"lib/python3/dist-packages/tool-1.dist-info/INSTALLER": "debian"}, "system"),
        ({"lib/python3.12/site-packages/tool-1.dist-info/INSTALLER": "jane's script"}, "other"),
        ({"lib/python3.12/site-packages/tool-1.dist-info/METADATA": ""}, "other"),
    ],
)
def test_how_a_program_was_installed_is_seen_beside_its_metadata(tmp_path: Path, files: dict[str, str], method: str) -> None:
    """The answer is one word of the table, whatever the path and the files contain."""
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    directory = next(path for path in tmp_path.rglob("tool-1.dist-info"))
    assert surroundings.install_method(str(directory)) == method


def test_an_editable_install_is_seen_in_direct_url_json(tmp_path: Path) -> None:
    """The spelling of the JSON does not matter."""
    direct_url = tmp_path / "direct_url.json"
    for text in ('{"dir_info": {"editable": true}, "url": "file:///home/jane"}', '{"dir_info":{"editable":true}}'):
        direct_url.write_text(text)
        assert json.loads(text)["dir_info"]["editable"]
        assert surroundings.install_method(str(tmp_path)) == "editable"
