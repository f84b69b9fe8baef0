"""The detached sender's program: arms the watchdog, leaves the user's directory, and hands over to ``sender``.

Python runs this directory (``python …/launch``), which puts it, and neither the working directory nor PYTHONPATH, at the head of
``sys.path``; it holds this file only, so that no ``json.py`` of anybody's is imported instead of Python's.
"""

import faulthandler
import os
import sys

#: Nothing outlives 10 seconds (the specification); half a second is left for the start of the interpreter itself.
LIFETIME_SECONDS = 9.5


def main() -> None:
    """Run the sender in this process."""
    # A thread of C that needs no import and waits for no lock of Python's: it ends the process whatever that is doing.
    faulthandler.dump_traceback_later(LIFETIME_SECONDS, exit=True, file=os.open(os.devnull, os.O_WRONLY))
    os.chdir(os.sep)  # hold no config_dir of the user's open
    if sys.path and os.path.realpath(sys.path[0]) == os.path.realpath(os.path.dirname(os.path.abspath(__file__))):
        del sys.path[0]
    # Behind everything that is installed: only where the library itself is not.
    roots = os.environ.pop("ARCADE_USAGE_ROOTS", "").split(os.pathsep)
    sys.path += [root for root in roots if os.path.isabs(root) and os.path.isdir(root) and root not in sys.path]
    try:
        from arcade_otel import sender
    except ImportError as error:
        _record_problem(error)
        raise
    sender.main()


def _record_problem(error: ImportError) -> None:
    """Leave the reason in the config directory, if at least ``problems``, which needs nothing else of ours, can be imported."""
    import importlib.util

    path = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "handoff", "problems.py")
    spec = importlib.util.spec_from_file_location("arcade_otel_problems", path)
    state_dir = os.path.join(os.environ.get("ARCADE_USAGE_SENDER", ""), "usage")
    if spec is None or spec.loader is None or not os.path.isabs(state_dir) or not os.path.isdir(state_dir):
        return
    problems = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = problems
    spec.loader.exec_module(problems)
    problems.record(state_dir, f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
