"""The marker by which a program declares that a property is free text."""

__all__ = ["FreeText"]


class FreeText:
    """The type of a declared property whose value may be any text: ``properties={"failure_reason": FreeText(reason="…")}``.

    **The risk.** Any other property has only values that you have written into your program. Free text may have whatever your
    users and their servers put there, such as names, addresses and passwords. The library redacts the text by the same rules as
    error messages. They cannot find everything: ordinary words that a user neither typed nor set are sent as they are, for
    example the name of a customer in the answer of a server. PostHog keeps what it gets. If you can list the values, declare
    them as a ``Literal`` instead.

    Guarantees:

    * The text is redacted in the command's process, before it is written or sent (:mod:`arcade_otel.spans.redaction`). Text in
      quotes is always removed. If the library cannot redact it, because the user typed too much, the property is left out.
    * The text has one line, and at most 300 characters (``conventions.FREE_TEXT_LIMIT``).
    * A value that is not a string is left out, with a debug line, and fails in the sandbox of the pytest plugin.
    * ``arcade-otel manifest`` shows your users that the property is free text, and your reason.

    A free text cannot be in ``person_properties``, because PostHog would show it as a fact about a person. The start event of
    ``record_start`` has no free text. Redaction takes milliseconds, and a tenth of a second at most.

    Args:
        reason: Why you need the text, for your users. For example, ``"shows why tools fail"``.

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
