import enum

import arcade_otel


class Text(str, enum.Enum):
    PRO = "pro"
    GROUP = "organization"
    ORGANIZATION = "org_123"
    EVENT = "made thing"

    def __str__(self):
        return "CANARY"


arcade_otel.configure(
    name="tool",
    version="1",
    properties={"plan": ["free", "pro"]},
    groups=["organization"],
    principal=lambda: "user-9",
    events={"made thing": {"plan": ["free", "pro"]}},
)
for command in ("login", "work"):
    with arcade_otel.command(command):
        arcade_otel.set_property("plan", Text.PRO)
        arcade_otel.set_property(Text.GROUP, Text.ORGANIZATION)
        arcade_otel.track(Text.EVENT, {"plan": Text.PRO})
