import contextlib
import io
import json
import os
import sys
import traceback

from tool import main

results = []
for words in json.loads(os.environ["WORDS"]):
    sys.argv = ["tool", *words]
    out, err = io.StringIO(), io.StringIO()
    out.close = err.close = lambda: None  # type: ignore[method-assign]
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
            if isinstance(error.code, str):
                print(error.code, file=sys.stderr)
        except BaseException:
            code = 1
            traceback.print_exc()
    results.append((code, out.getvalue(), err.getvalue()))
    if os.environ.get("OUT"):
        with open(os.environ["OUT"], "a") as file:
            file.write("--\n")
print(json.dumps(results))
