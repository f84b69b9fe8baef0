import argparse

import arcade_otel

WHY = arcade_otel.FreeText(reason="shows why tools fail")

with arcade_otel.program(name="tool", version="1", properties={"why": WHY}, events={"tool failed": {"why": WHY}}):
    parser = argparse.ArgumentParser(fromfile_prefix_chars="@")
    parser.add_argument("--customer")
    customer = parser.parse_args().customer
    arcade_otel.set_property("why", f"no contract with {customer}")
    arcade_otel.track("tool failed", {"why": f"no contract with {customer}"})
