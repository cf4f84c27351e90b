"""Operators' pages of webhook sources and events."""

from webhooks.admin.event import EventAdmin
from webhooks.admin.source import SourceAdmin

__all__ = ["EventAdmin", "SourceAdmin"]
