import asyncclick as click
from recorder import instrument


class Aliases(click.Group):
    def get_command(self, ctx, name):
        return super().get_command(ctx, {"b": "build"}.get(name, name))


def main():
    @click.group(cls=Aliases)
    @click.version_option("1.0")
    async def app():
        pass

    @app.command()
    @click.option("--n", type=int, default=1)
    @click.option("--fast", is_flag=True)
    async def build(n, fast):
        print("built", n)

    @app.command()
    async def leave():
        raise SystemExit(3)

    @app.command()
    @click.pass_context
    async def code(ctx):
        await ctx.aexit(4) if hasattr(ctx, "aexit") else ctx.exit(4)

    @app.group()
    async def toolkit():
        pass

    @toolkit.command()
    async def fail():
        raise ValueError("it broke at ")

    instrument(app, record_option_names=True)
    app(_anyio_backend="asyncio")
