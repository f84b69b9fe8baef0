"""The program that runs the detached sender.

The program starts a watchdog timer, changes to the root directory, and calls ``sender``. Python runs this file without the module
``site`` (``python -S …/launch/__main__.py``). If the library is imported from an archive, Python runs the text of this file
(``python -S -c …``). The program removes its own directory and the working directory from ``sys.path``. When the sender imports a
module, it searches the standard library before the command's import path. Therefore, ``import json`` finds Python's own module
even if the user has a file ``json.py``.
"""

import _signal  # type: ignore[import-not-found]  # the module ``signal`` makes enumerations of it
import faulthandler
import os
import sys

#: The specification allows a sender 10 seconds. Half a second is left for the start of the interpreter.
LIFETIME_SECONDS = 9.5


def _end(seconds: float) -> None:
    import time

    time.sleep(seconds)
    os._exit(1)


def main() -> None:
    """Run the sender in this process."""
    # A thread in C, which needs no import and no lock of Python. So it ends the process in any case.
    faulthandler.dump_traceback_later(LIFETIME_SECONDS, exit=True, file=os.open(os.devnull, os.O_WRONLY))
    if sys.platform == "win32":
        import _thread

        # That call prints the stacks of running threads first, which can read freed memory. On Windows the process would then
        # crash and wait for a debugger or an error report. So a thread of Python ends it a moment earlier, if it can run.
        _thread.start_new_thread(_end, (LIFETIME_SECONDS - 0.3,))
    if os.name == "posix":
        # A shell has started the sender, so it ignores these two signals.
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
        _signal.signal(_signal.SIGQUIT, _signal.SIG_DFL)
    os.chdir(os.sep)  # so that no directory of the user stays open
    # Before Python 3.11, which knows PYTHONSAFEPATH, the first entry is this file's directory, or the working directory.
    here = os.path.dirname(os.path.abspath(globals().get("__file__", "")))
    if sys.path and (not sys.path[0] or os.path.realpath(sys.path[0]) == os.path.realpath(here)):
        del sys.path[0]
    # After Python's own modules. A relative entry would be searched in the working directory.
    roots = os.environ.get("ARCADE_USAGE_ROOTS", "").split(os.pathsep)
    sys.path += [root for root in roots if os.path.isabs(root) and root not in sys.path]
    try:
        from arcade_otel import sender
    except (Exception, SystemExit) as error:  # a module is missing, was cut off, cannot be read, or raises
        sys.path.append(here)
        from import_failure import leave_problem  # type: ignore[import-not-found]

        leave_problem(os.environ.get("ARCADE_USAGE_SENDER", ""), os.environ.get("ARCADE_USAGE_START", ""), error)
        raise
    sender.main()


if __name__ == "__main__":
    main()
