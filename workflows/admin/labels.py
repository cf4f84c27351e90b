"""One colour per status, in every list."""

from __future__ import annotations

STATUS_LABELS = {
    "queued": "",
    "pending": "",
    "running": "info",
    "waiting": "warning",
    "paused": "warning",
    "succeeded": "success",
    "failed": "danger",
    "failed (handled)": "warning",
    "cancelled": "",
    "skipped": "",
    "rolling_back": "warning",
    "rolled_back": "warning",
    "rollback_failed": "danger",
    "undone": "warning",
    "draft": "",
    "published": "success",
    "archived": "",
}
STEP_STATUSES = ("pending", "running", "waiting", "succeeded", "failed", "skipped", "cancelled", "undone")
