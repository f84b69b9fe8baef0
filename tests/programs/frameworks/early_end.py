import os
import signal
import sys
import threading

import click

import arcade_otel


@click.group()
def app():
    pass


@app.command()
def become():
    arcade_otel.end_run()
    os.execvp("true", ["true"])


@app.command()
def find():
    try:
        os.execvp("no-such-program", ["no-such-program"])
    except FileNotFoundError:
        sys.exit(3)


@app.command()
def serve():
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup, under which a suite may run, ignores it
    arcade_otel.end_run()
    print("serving", flush=True)
    signal.pause()


@app.command()
def daemon():
    arcade_otel.end_run()
    if os.fork():
        os._exit(0)
    os._exit(0)


@app.command()
def leave():
    os._exit(0)


@app.command()
def stop():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()


@app.command()
def child():
    if os.fork() == 0:
        os.execvp("true", ["true"])
    os.wait()


@app.command()
def elsewhere():
    thread = threading.Thread(target=arcade_otel.end_run)  # it has begun no run
    thread.start()
    thread.join()
    sys.exit(6)


@app.command()
def twice():
    arcade_otel.end_run()
    arcade_otel.end_run()
    sys.exit(5)


arcade_otel.instrument(app, name="tool")
app()
