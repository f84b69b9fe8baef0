import json
import multiprocessing
import os
import subprocess
import sys

import click

import arcade_otel


@click.group()
def app():
    pass


def work():
    print("worker", file=sys.stderr)


@app.command()
@click.option("--reload", is_flag=True)
def serve(reload):
    if reload and os.environ.get("WERKZEUG_RUN_MAIN") != "true":
        # What Werkzeug's reloader does: the same command line again, and its exit code.
        sys.exit(subprocess.call([sys.executable, *sys.argv], env={**os.environ, "WERKZEUG_RUN_MAIN": "true"}))
    for method in ("fork", "spawn"):
        multiprocessing.set_start_method(method, force=True)
        process = multiprocessing.Process(target=work)
        process.start()
        process.join()
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": {}}), flush=True)


arcade_otel.instrument(app, name="server")
if __name__ == "__main__":
    app()
