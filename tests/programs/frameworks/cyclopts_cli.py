from cyclopts import App
from recorder import instrument


def main():
    app = App(name="tool", version="1.0")
    toolkit = App(name="toolkit")
    app.command(toolkit)

    @app.command(name="build", alias="b")
    def build(n: int = 1, *, fast: bool = False):
        print("built", n)

    @app.command
    def leave():
        raise SystemExit(3)

    @app.command
    def code():
        return 4

    @toolkit.command(name="fail")
    def fail(word: str = ""):
        raise ValueError("it broke at " + word)

    instrument(app, record_option_names=True)
    app()
