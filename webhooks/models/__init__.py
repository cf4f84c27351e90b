"""Where events arrive, and the events."""

from webhooks.models.event import Event
from webhooks.models.source import Source

__all__ = ["Event", "Source"]
