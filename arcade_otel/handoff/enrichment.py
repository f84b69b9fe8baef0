"""Enrich a command's span with properties that the command has no time to find out, such as the installed version.

Usually, the command's own sender enriches the span, because it runs on the same machine and with the same Python interpreter. If
the command itself writes the span to the queue, the command enriches it first. If another command's sender queues the span
(``handoff.starts``), the span is not enriched, because that sender may belong to another program.
"""

from __future__ import annotations

from arcade_otel import conventions, handoff
from arcade_otel.diagnostics import guard
from arcade_otel.handoff import history
from arcade_otel.spans import otlp, surroundings, versions

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["added", "command_environment", "enrich"]

_DONE = "container"  # the attribute that each enriched span has
_OF_WHOLE_RUNS = ("first_run", "previous_version", "session.id")
_ADDED = ("agent", "ci", _DONE, "install_method", *_OF_WHOLE_RUNS)


def enrich(payload: str, state_dir: str, environ: Mapping[str, str], *, write: bool = True) -> str:
    """Return ``payload`` with properties such as ``install_method`` added. This never raises.

    If the span already has these properties, or the payload contains no span of a command, return the payload unchanged.

    Args:
        payload: A command's span in OTLP/JSON.
        state_dir: The directory ``usage`` in the config directory.
        environ: The environment of the command. A sender passes the result of :func:`command_environment`.
        write: True to write the run into ``usage/programs.json``, or False in a dry run.
    """
    with guard("what is found out about a span"):
        try:
            traces = otlp.loads(payload)
            span, resource = otlp.command_span(traces)
            known = span is None or otlp.read_attribute(span, _DONE) is not None
        except ValueError:
            return payload  # the queue moves it to corrupt/
        if span is None or known or otlp.read_attribute(resource, conventions.RESOURCE_DOCTOR):
            return payload
        for key, value in surroundings.machine().items():
            if otlp.read_attribute(resource, key) is None:
                otlp.set_attribute(resource, key, value)
        for key, fact in _surroundings(environ, is_ci=otlp.read_attribute(span, conventions.IS_CI) is True).items():
            otlp.set_attribute(span, key, fact)
        # The run of a command is noted when the command ends: one run is one first run, and has one session.
        marks = (conventions.RESOURCE_STARTED, conventions.RESOURCE_EVENTS_ONLY)
        besides = any(otlp.read_attribute(resource, mark) is not None for mark in marks)
        with guard("what is remembered of a program"):
            for key, fact in _history(state_dir, span, resource, write=write and not besides).items():
                if not (besides and key in _OF_WHOLE_RUNS):
                    otlp.set_attribute(span, key, fact)
        return otlp.dumps(traces)
    return payload


def command_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a sender knows about the environment variables of its command.

    Args:
        environ: The environment of the sender.

    Returns:
        A dictionary whose keys are the names of the command's environment variables. ``AI_AGENT`` and ``AGENT`` have their real
        values, and every other variable has the value ``1``.
    """
    known = dict.fromkeys(environ.get(handoff.ENV_NAMES, "").split(), "1")
    return known | {name: environ[name] for name in surroundings.AGENT_NAMES if name in environ}


def added(payload: str) -> dict[str, str | bool]:
    """Return the attributes that :func:`enrich` has added to the command's span in ``payload``."""
    span, _ = otlp.command_span(otlp.loads(payload))
    found = {} if span is None else {key: otlp.read_attribute(span, key) for key in _ADDED}
    return {key: value for key, value in found.items() if isinstance(value, str | bool)}


def _surroundings(environ: Mapping[str, str], *, is_ci: bool) -> dict[str, str | bool]:
    found = {
        "agent": surroundings.agent(environ),
        "ci": surroundings.ci_provider(environ) if is_ci else None,
        _DONE: surroundings.is_container(environ),
    }
    return {key: value for key, value in found.items() if value is not None}


def _history(state_dir: str, span: dict[str, Any], resource: dict[str, Any], *, write: bool) -> dict[str, str | bool]:
    """Return the span's properties that depend on earlier runs of the program, such as ``first_run``.

    If the program sets no version, also write the installed version to ``resource``.
    """
    program = str(otlp.read_attribute(span, conventions.PROCESS_EXECUTABLE_NAME) or "")
    distribution = otlp.read_attribute(resource, conventions.RESOURCE_DISTRIBUTION)

    def find_installation() -> tuple[str | None, str | None]:
        return versions.installed(distribution) if isinstance(distribution, str) else versions.owner(program)

    def find_version() -> str | None:
        version = find_installation()[1]
        return version and version.partition("+")[0]  # a local part (PEP 440) may have the name of the person who built it

    given = otlp.read_attribute(resource, conventions.SERVICE_VERSION)
    owners = [otlp.read_attribute(span, key) for key in (conventions.DISTINCT_ID, conventions.PREVIOUS_DISTINCT_ID)]
    known = history.record(
        state_dir,
        program,
        history.Started(
            version=given if isinstance(given, str) and given else None,
            stamp=versions.stamp(),
            owners=tuple(str(owner) for owner in owners if owner) or ("",),
            start_ns=otlp.read_integer(span, "startTimeUnixNano", otlp.UINT64),
            end_ns=otlp.read_integer(span, "endTimeUnixNano", otlp.UINT64),
        ),
        find_version=find_version,
        find_install_method=lambda: surroundings.install_method(find_installation()[0]),
        write=write,
    )
    if known is None:
        return {}
    if known.version and not given:
        otlp.set_attribute(resource, conventions.SERVICE_VERSION, known.version)
    found: dict[str, str | bool | None] = {
        "install_method": known.install_method,
        "first_run": known.first_run,
        "previous_version": known.previous_version,
        "session.id": known.session_id,
    }
    return {key: value for key, value in found.items() if value is not None}
