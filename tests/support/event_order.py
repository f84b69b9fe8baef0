"""The order of events whose senders are not the same."""

from arcade_otel.testing import Event, FakePostHog

__all__ = ["in_order"]


def in_order(posthog: FakePostHog) -> list[Event]:
    """Return the visible events in the order of their times. Events of the same millisecond stay in the order of their arrival.

    Each span that a running command hands over can get a sender of its own, and on a busy computer an older sender can be slower.
    """
    return sorted(posthog.visible(), key=lambda event: event.timestamp)
