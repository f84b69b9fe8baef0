"""``usage doctor`` checks each step from recording to delivery, and prints which step fails and how the user can fix it.

The command lets a real sender deliver a test event, and checks whether the server accepts the event (``trial``). If the server
does not accept the event, the results of the other checks help the user find the cause.
"""

from arcade_otel import consent
from arcade_otel.cli import local_state
from arcade_otel.cli.commands import EXIT_FAILURE, EXIT_OK
from arcade_otel.cli.doctor import cost, directory, network, surroundings, trial
from arcade_otel.cli.doctor.check import Check
from arcade_otel.cli.output import Output
from arcade_otel.consent import Decision
from arcade_otel.settings import Settings

__all__ = ["doctor", "run_checks"]

_WORDS = {True: "ok", False: "FAILED", None: "not checked"}


def doctor(settings: Settings, output: Output) -> int:
    """Run all checks and print the results. Return 0 if no check fails, otherwise 1.

    If usage data is on, the command sends one test event to each destination. The test event is named ``arcade-otel doctor``, and
    is sent under a temporary ID, so that it belongs to no person.
    """
    checks = run_checks(settings)
    well = all(check.ok is not False for check in checks)
    output.result({"well": well, "checks": [check.as_dict() for check in checks]})
    output.table(("Check", "", "Detail"), [(check.name, _WORDS[check.ok], check.detail) for check in checks])
    failed = [check for check in checks if check.ok is False]
    if failed:
        output.line()
        output.line("What to do:")
        for check in failed:
            output.line(f"- {check.name}: {check.remedy}")
        output.line("See https://github.com/ArcadeAI/arcade-otel/blob/main/docs/troubleshooting.md for each check.")
    return EXIT_OK if well else EXIT_FAILURE


def run_checks(settings: Settings) -> list[Check]:
    """Run all checks, and return their results in the order in which ``usage doctor`` prints them."""
    decision = settings.decide()
    checks = [Check("consent", ok=True, detail=f"{decision.mode}: {decision.detail}")]
    config_dir_check = directory.check_config_dir(settings)
    checks.append(config_dir_check)
    usable = bool(config_dir_check.ok)
    state = directory.check_state(settings, usable=usable, writes=decision.mode == consent.ON)
    checks += state
    checks.append(cost.check_cost(settings))
    checks += _check_delivery(settings, decision, usable=usable and all(check.ok is not False for check in state[:1]))
    checks += surroundings.check_surroundings(settings)
    checks += [_check_lane(lane) for lane in (local_state.lanes(settings) if usable else [])]
    return checks


def _check_delivery(settings: Settings, decision: Decision, *, usable: bool) -> list[Check]:
    exporters = [
        Check(f"exporter {each['name']}", ok=True, detail="installed")
        if each["installed"]
        else Check(
            f"exporter {each['name']}",
            ok=False,
            detail="not installed; its events stay queued",
            remedy=f"install the package of the exporter {each['name']}, or remove it from OTEL_TRACES_EXPORTER.",
        )
        for each in local_state.exporters(settings)
    ]
    if decision.mode != consent.ON:
        sender = trial.check_start(settings)
        return [sender, *exporters, Check("delivery", ok=None, detail=f"nothing is sent: {decision.detail}")]
    result = trial.run(settings, in_state_dir=usable)
    checks = [*trial.check_sender(settings, result), *exporters, *trial.check_lanes(settings, result)]
    if settings.posthog_api_key and result.lane_for("posthog") is not None:
        checks += network.check_network(settings.posthog_host, delivered=result.lane_for("posthog") == "")
    return checks


def _check_lane(lane: dict[str, object]) -> Check:
    problem = lane["last_problem"]
    why = problem.get("why") if isinstance(problem, dict) else None
    stuck = bool(lane["waiting"]) and bool(lane["failures_in_a_row"])
    detail = f"{lane['waiting']} queued; last problem: {why or 'none'}"
    remedy = "correct the problem that this line names, then run flush." if stuck else ""
    return Check(f"lane {lane['lane']}", ok=not stuck, detail=detail, remedy=remedy)
