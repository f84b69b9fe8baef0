"""The marker with which a program declares that a property is free text."""

__all__ = ["FreeText"]


class FreeText:
    """The type of a declared property whose value may be any text: ``properties={"failure_reason": FreeText(reason="…")}``.

    **Free text is a risk.** A property that is not free text contains a boolean, a whole number, or one of the words that you
    have listed in your program. Free text can contain names, addresses, passwords, and whatever else your users and their servers
    put in it. The library redacts free text by the same rules as error messages, but these rules cannot find every secret. An
    ordinary word, for example a customer's name in a server's response, is sent unchanged unless the user typed it or set it in a
    variable. PostHog stores the text. If you can list all values of a property, declare it as a ``Literal`` instead.

    Guarantees:

    - The command's process redacts the text before writing or sending it (:mod:`arcade_otel.spans.redaction`). Text in quotes is
      removed, except harmless words such as ``int`` or ``connection refused``. If the command line and the environment contain
      too many values to search for, or values that are too long, the free text is dropped.
    - The redacted text is a single line of at most 300 characters (``conventions.FREE_TEXT_LIMIT``).
    - A free-text value that is not a string is dropped, and the debug log says so. In the sandbox of the pytest plugin, a dropped
      value makes the test fail.
    - The output of ``arcade-otel manifest`` tells your users that the property is free text, and shows your reason.

    A free-text property cannot be in ``person_properties``, because PostHog would show the text as a fact about a person. The
    start event that the option ``record_start`` adds contains no free text. Redacting a text usually takes a few milliseconds,
    and a tenth of a second in the worst case.

    Args:
        reason: A few words that tell your users why you need the text, for example ``"shows why tools fail"``.

    Raises:
        TypeError: If ``reason`` is not a string.
        ValueError: If ``reason`` is empty.
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
