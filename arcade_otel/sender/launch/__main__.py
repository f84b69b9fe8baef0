"""The detached sender's program: arms the watchdog, leaves the user's directory, and hands over to ``sender``.

Python runs this file without ``site`` (``python -S …/launch/__main__.py``, or its text by ``-c`` where the library is in an
archive). Neither the working directory nor ``PYTHONPATH`` is on ``sys.path`` then, so that no ``json.py`` of the user's is
imported in place of Python's.
"""

import _signal  # type: ignore[import-not-found]  # the module ``signal`` makes enumerations of it
import faulthandler
import os
import sys

#: Nothing outlives 10 seconds (the specification); half a second is left for the start of the interpreter itself.
LIFETIME_SECONDS = 9.5


def _end(seconds: float) -> None:
    import time

    time.sleep(seconds)
    os._exit(1)


def main() -> None:
    """Run the sender in this process."""
    # A thread of C that needs no import and waits for no lock of Python's: it ends the process whatever that is doing.
    faulthandler.dump_traceback_later(LIFETIME_SECONDS, exit=True, file=os.open(os.devnull, os.O_WRONLY))
    if sys.platform == "win32":
        import _thread

        # That call prints the stacks of running threads first, which can read freed memory: on Windows the process would crash,
        # and wait for a debugger or an error report. So a thread of Python's ends it a moment earlier, unless it cannot run.
        _thread.start_new_thread(_end, (LIFETIME_SECONDS - 0.3,))
    if os.name == "posix":
        # A shell has started it, and such a process ignores these two.
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
        _signal.signal(_signal.SIGQUIT, _signal.SIG_DFL)
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
        sys.path.append(here)
        from import_failure import leave_problem  # type: ignore[import-not-found]

        leave_problem(os.environ.get("ARCADE_USAGE_SENDER", ""), error)
        raise
    sender.main()


if __name__ == "__main__":
    main()
