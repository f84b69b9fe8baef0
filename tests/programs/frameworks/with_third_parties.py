import sys

import quick

import arcade_otel


class MyApp(quick.App):
    pass


def fail():
    raise ValueError("it broke")


app = MyApp(hello=lambda: print("hello"), fail=fail, leave=lambda: 4)
arcade_otel.instrument(app, name="mycli")
if "--bare" in sys.argv:
    arcade_otel.uninstrument(app)
app()
