"""The detached sender's program: arms the watchdog, leaves the user's directory, and hands over to ``sender``.

Python runs this file without ``site`` (``python -S …/launch/__main__.py``, or its text by ``-c`` where the library is in an
archive). Neither the working directory nor ``PYTHONPATH`` is on ``sys.path`` then, so that no ``json.py`` of the user's is
imported in place of Python's.
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
    os.chdir(os.sep)  # hold no directory of the user's open
    # Before Python 3.11, which knows PYTHONSAFEPATH, the first entry is this file's directory, or the working directory.
    here = os.path.dirname(os.path.abspath(globals().get("__file__", "")))
    if sys.path and (not sys.path[0] or os.path.realpath(sys.path[0]) == os.path.realpath(here)):
        del sys.path[0]
    # Behind Python's own modules. A relative entry would be looked up in whatever the working directory is.
    roots = os.environ.get("ARCADE_USAGE_ROOTS", "").split(os.pathsep)
    sys.path += [root for root in roots if os.path.isabs(root) and root not in sys.path]
    try:
        from arcade_otel import sender
    except ImportError as error:
        _record_problem(here, error)
        raise
    sender.main()


def _record_problem(here: str, error: ImportError) -> None:
    """Leave the reason in the state directory, if at least ``problems``, which needs nothing else of ours, can be imported."""
    state_dir = os.path.join(os.environ.get("ARCADE_USAGE_SENDER", ""), "usage")
    if not os.path.isabs(state_dir) or os.path.islink(state_dir) or not os.path.isdir(state_dir):
        return
    sys.path.append(os.path.join(os.path.dirname(os.path.dirname(here)), "handoff"))
    import problems  # type: ignore[import-not-found]

    problems.try_record(state_dir, f"the sender cannot import {error.name} ({type(error).__name__})")


if __name__ == "__main__":
    main()
