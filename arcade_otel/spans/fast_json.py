"""Writes JSON as the ``json`` module does, and imports that only for text that needs escapes: it costs 5 M instructions."""

__all__ = ["dumps"]


def dumps(value: object) -> str:
    """Return ``json.dumps(value, separators=(",", ":"), allow_nan=False)``, character by character.

    Args:
        value: Dictionaries with keys of text, lists, text, integers, floats, booleans and None.

    Raises:
        ValueError: A float is infinite or not a number.
        TypeError: A value or a key is of another type.
    """
    if isinstance(value, str):
        return _text(value)
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        if value - value != 0:
            raise ValueError("Out of range float values are not JSON compliant")
        return float.__repr__(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{_text(key)}:{dumps(each)}" for key, each in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([dumps(each) for each in value]) + "]"
    raise TypeError(f"{type(value).__name__} is not JSON here")


def _text(value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a key must be text here, not {type(value).__name__}")
    if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    import json

    return json.dumps(value)
