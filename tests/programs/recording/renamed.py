import argparse
import sys

import arcade_otel

arcade_otel.configure(name="tool", version="1", exclude=["prompt"], principal=lambda: "user-9")


def in_a_block(first: str, steps: list[str]) -> None:
    with arcade_otel.command(first) as run:
        for step in steps:
            run.discard() if step == "discard" else run.rename({"nothing": "", "number": 7}.get(step, step))  # type: ignore[arg-type]
    run.rename("later")
    run.discard()


def in_argparse(steps: list[str]) -> None:
    with arcade_otel.program(name="tool", version="1") as run:
        run.rename(steps[0])
        parser = argparse.ArgumentParser()
        parser.add_subparsers().add_parser("make")
        parser.parse_args(["make"])
        if "discard" in steps:
            run.discard()


if sys.argv[1] == "program":
    in_argparse(sys.argv[2:])
else:
    in_a_block(sys.argv[1], sys.argv[2:])
