"""A command for each server that starts processes of its own. A process that serves says so."""

import os
import sys
import time
from wsgiref.simple_server import demo_app

import click

import arcade_otel


def serving():
    print("serving", flush=True)


def wait():
    serving()
    while True:
        time.sleep(60)


async def asgi(scope, receive, send):
    for part in ("startup", "shutdown"):
        await receive()
        serving() if part == "startup" else None
        await send({"type": f"lifespan.{part}.complete"})


@click.group()
def cli():
    pass


@cli.command()
@click.option("--reload", is_flag=True)
@click.option("--workers", type=int)
def uvicorn(reload, workers):
    import uvicorn

    uvicorn.run("servers:asgi", port=0, lifespan="on", reload=reload, workers=workers, reload_dirs=[os.path.dirname(__file__)])


@cli.command()
def gunicorn():
    from gunicorn.app.base import BaseApplication

    class Application(BaseApplication):
        def load_config(self):
            self.cfg.set("bind", "127.0.0.1:0")
            self.cfg.set("workers", 2)
            self.cfg.set("reload", True)

        def load(self):
            serving()
            return demo_app

    Application().run()


@cli.command()
@click.option("--whole", is_flag=True)
def watchfiles(whole):
    from watchfiles import run_process

    if "WATCHFILES_CHANGES" in os.environ:
        wait()
    run_process(__file__, target=main if whole else wait)


@cli.command()
def hupper():
    import hupper

    hupper.start_reloader("servers.main")
    wait()


@cli.command()
def bottle():
    import bottle

    if "BOTTLE_CHILD" in os.environ:
        serving()
    bottle.run(bottle.Bottle(), port=0, reloader=True)


urlpatterns = ()


@cli.command()
def django():
    from django.conf import settings
    from django.core.management import execute_from_command_line

    settings.configure(DEBUG=True, ROOT_URLCONF=__name__, SECRET_KEY="none", ALLOWED_HOSTS=["*"])
    if "RUN_MAIN" in os.environ:
        serving()
    execute_from_command_line([sys.argv[0], "runserver", "0", "--skip-checks"])


arcade_otel.instrument(cli, name="servers")


def main():
    cli()


if __name__ == "__main__":
    main()
