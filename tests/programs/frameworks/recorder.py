import os

if os.environ.get("OUT"):
    import arcade_otel.handoff

    def write_down(text, settings, **how):
        with open(os.environ["OUT"], "a") as out:
            out.write(text + "\n")
        return []

    arcade_otel.handoff.submit = write_down


def instrument(app, **settings):
    if os.environ.get("OUT"):
        import arcade_otel

        arcade_otel.instrument(app, name="tool", posthog_api_key="phc_x", **settings)
    return app
