import asyncio
from typing import Annotated

from cyclopts import App, Parameter
from recorder import instrument


def main():
    app = App(name="tool", version="1.0")
    sub = App(name="sub")
    app.command(sub)

    @sub.command(name=["first", "f"])
    async def first(n: int = 1):
        if n == 5:
            app(["other"])
        if n == 6:
            raise ValueError("async and broken")
        print("first", n)

    @app.command
    def other():
        print("other")

    @app.meta.default
    def meta(*tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)], user: str = "nobody"):
        if user == "canary":
            raise RuntimeError("not for " + user)
        return app(tokens)

    instrument(app)
    if sys.argv[1:2] == ["async"]:
        asyncio.run(app.run_async(sys.argv[2:]))
    elif sys.argv[1:2] == ["plain"]:
        app(sys.argv[2:], exit_on_error=False, print_error=False)
    else:
        app.meta()


import sys
