"""The marker by which a program declares that a property is free text."""

__all__ = ["FreeText"]


class FreeText:
    """The type of a declared property whose value may be any text: ``properties={"failure_reason": FreeText(reason="…")}``.

    **Free text is a risk.** A property of any other type has only values that you have written into your program. Free text can
    contain whatever your users and their servers put there, such as names, addresses and passwords. The library redacts free text
    by the same rules as error messages. The rules cannot find every secret: ordinary words that a user neither typed nor set are
    sent as they are, for example the name of a customer in the answer of a server. PostHog keeps the text that it receives. If
    you can list the values of a property, declare the property as a ``Literal`` instead.

    Guarantees:

    - The command's process redacts the text before it writes or sends the text (:mod:`arcade_otel.spans.redaction`). Text in
      quotes is always removed. If the library cannot redact the text, because the user typed too much, the property is left out.
    - The redacted text has one line, and at most 300 characters (``conventions.FREE_TEXT_LIMIT``).
    - A value that is not a string is left out with a line in the debug log, and fails a test in the sandbox of the pytest plugin.
    - ``arcade-otel manifest`` shows your users that the property is free text, and shows them your reason.

    A free text cannot be in ``person_properties``, because PostHog would show the text as a fact about a person. The start event
    of ``record_start`` has no free text. The redaction of a text takes milliseconds, and a tenth of a second at most.

    Args:
        reason: A few words that tell your users why you need the text, for example ``"shows why tools fail"``.

    Raises:
        TypeError: ``reason`` is not a string.
        ValueError: ``reason`` is empty.
    """

    __slots__ = ("reason",)

    def __init__(self, *, reason: str) -> None:
        if not isinstance(reason, str):
            raise TypeError(f"reason must be a string, not {type(reason).__name__}")
        if not reason.strip():
            raise ValueError("reason must not be empty: it tells your users why you need free text")
        self.reason = reason

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FreeText) and other.reason == self.reason

    def __hash__(self) -> int:
        return hash(self.reason)

    def __repr__(self) -> str:
        return f"FreeText(reason={self.reason!r})"
