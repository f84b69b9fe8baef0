"""Runs the whole program again in workers: forked, started by multiprocessing, and in a pool of concurrent.futures."""

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import click

import arcade_otel


@click.group()
def cli():
    pass


@cli.command()
def task():
    print("task", flush=True)


@cli.command()
def logout():
    os.unlink(os.path.join(os.environ["ARCADE_WORK_DIR"], "credentials.yaml"))


def run(command):
    cli([command], standalone_mode=False)
    with arcade_otel.command("block", name="workers"):
        print("block", flush=True)


@cli.command()
@click.argument("method")
@click.argument("command", default="task")
def start(method, command):
    if method == "pool":
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            pool.submit(run, command).result()
    elif method == "subprocess":
        subprocess.run([sys.executable, __file__, command], check=True)
    elif method == "os.fork":
        pid = os.fork()
        if not pid:
            run(command)
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(pid, 0)
    else:
        worker = multiprocessing.get_context(method).Process(target=run, args=[command])
        worker.start()
        worker.join()


arcade_otel.instrument(cli, name="workers", logout_commands=["logout"])
if __name__ == "__main__":
    cli()
