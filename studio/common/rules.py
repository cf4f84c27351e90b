"""Rules of a route that are no verbs."""

from __future__ import annotations

from typing import Final

PUBLIC: Final = "public"
"""Anybody, known or not."""

MEMBER: Final = "member"
"""Whoever is at work in a workspace, whatever their role."""
