"""The operators' console as a whole: its sidebar, and the first page with live figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.urls import reverse, reverse_lazy

from studio.common.admin import duration
from studio.kernel.clock import utcnow
from studio.kernel.ids import lower_bound
from studio.operations.models import Worker
from webhooks.models import Event
from workflows.models import Execution

LATEST = 50_000
FAILURES_SHOWN = 8


def _item(title: str, icon: str, model: str) -> dict[str, Any]:
    app, _, name = model.partition(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": lambda request: request.user.has_perm(f"{app}.view_{name}"),
    }


def _never_here(request: HttpRequest) -> bool:
    """Places outside the console: "/" would count as a parent of every page."""
    return False


def _place(title: str, icon: str, link: object) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": link, "active": _never_here}


SIDEBAR: list[dict[str, Any]] = [
    {
        "title": "",
        "items": [
            {"title": "Overview", "icon": "dashboard", "link": reverse_lazy("admin:index")},
            _place("Flower", "local_florist", "/flower/"),
            _place("Studio", "account_tree", "/"),
        ],
    },
    {
        "title": "Workflows",
        "separator": True,
        "items": [
            _item("Workflows", "schema", "workflows.workflow"),
            _item("Executions", "play_circle", "workflows.execution"),
            _item("Steps", "steppers", "workflows.step"),
            _item("Schedules", "schedule", "workflows.schedule"),
            _item("Error groups", "bug_report", "workflows.errorgroup"),
            _item("Dead letters", "report", "workflows.deadletter"),
            _item("Jobs", "checklist", "workflows.job"),
        ],
    },
    {
        "title": "Webhooks",
        "separator": True,
        "items": [
            _item("Sources", "webhook", "webhooks.source"),
            _item("Events", "inbox", "webhooks.event"),
        ],
    },
    {
        "title": "Operations",
        "separator": True,
        "items": [
            _item("Workers", "memory", "operations.worker"),
            _item("Breakers", "electrical_services", "operations.breaker"),
            _item("Audit trail", "fact_check", "security.auditentry"),
        ],
    },
    {
        "title": "Accounts",
        "separator": True,
        "items": [
            _item("Users", "person", "accounts.user"),
            _item("Workspaces", "domain", "accounts.workspace"),
            _item("Memberships", "group", "accounts.membership"),
            _item("API keys", "key", "accounts.apikey"),
            _item("Credentials", "lock", "security.credential"),
        ],
    },
]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    return SIDEBAR


def environment(request: HttpRequest) -> list[str]:
    """The badge beside the account: which region this console shows."""
    return [settings.STUDIO_REGION, "info"]


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Figures of the first page. Every statement is bounded, however much history there is."""
    context["title"] = "Overview"
    context["cards"] = [*_execution_cards(), *_other_cards()]
    context["workers"] = Worker.objects.filter(status__in=["alive", "draining"]).order_by("name")[:50]
    context["failures"] = [_failure(execution) for execution in _latest_failures()]
    context["latest"] = _latest_by_status()
    return context


def _card(title: str, value: int, note: str, url: str, *, alarm: bool = False) -> dict[str, Any]:
    return {"title": title, "value": value, "note": note, "url": url, "alarm": alarm}


def _execution_cards() -> list[dict[str, Any]]:
    url = reverse("admin:workflows_execution_changelist")
    queued = Execution.objects.filter(status="queued")
    oldest = queued.order_by("due_at").values_list("due_at", flat=True).first() if queued.exists() else None
    age = (utcnow() - oldest).total_seconds() if oldest else 0.0
    note = f"the oldest is due for {age:.0f} s" if oldest else "nothing waits for a worker"
    running = Execution.objects.filter(owner__isnull=False).count()
    waiting = Execution.objects.filter(status="waiting").count()
    return [
        _card("Running", running, "held by workers", f"{url}?status=running"),
        _card("Queued", queued.count(), note, f"{url}?status=queued", alarm=age > 30),
        _card("Waiting", waiting, "for a time, a signal or a child", f"{url}?status=waiting"),
    ]


def _other_cards() -> list[dict[str, Any]]:
    workers = Worker.objects.filter(status="alive", heartbeat_at__gt=utcnow() - timedelta(seconds=5)).count()
    stored = Event.objects.filter(status="stored").count()
    events = reverse("admin:webhooks_event_changelist")
    return [
        _card(
            "Workers",
            workers,
            "with a heartbeat" if workers else "nothing runs: start one",
            reverse("admin:operations_worker_changelist") + "?status__exact=alive",
            alarm=workers == 0,
        ),
        _card("Events", stored, "stored and not processed", f"{events}?status=stored"),
    ]


def _latest_failures() -> list[Execution]:
    since = lower_bound(utcnow() - timedelta(days=1))
    failed = Execution.objects.filter(status="failed", id__gte=since).select_related("workflow")
    return list(failed.order_by("-id")[:FAILURES_SHOWN])


def _failure(execution: Execution) -> dict[str, Any]:
    error = execution.error if isinstance(execution.error, dict) else {}
    workflow = execution._state.fields_cache.get("workflow")
    return {
        "url": reverse("admin:workflows_execution_change", args=[execution.id]),
        "workflow": workflow.name if workflow is not None else "(unsaved definition)",
        "node": error.get("node") or "-",
        "message": error.get("message") or error.get("code") or "-",
        "at": execution.finished_at or execution.created_at,
        "took": duration(execution.started_at, execution.finished_at),
    }


_LATEST_SQL = """
SELECT status, count(*) FROM (
    SELECT status FROM workflows_execution WHERE id >= %s ORDER BY id DESC LIMIT %s
) latest GROUP BY status ORDER BY count(*) DESC
"""


def _latest_by_status() -> list[dict[str, Any]]:
    """Shares of the last hour's executions, of the latest 50,000 when there were more."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST_SQL, [lower_bound(utcnow() - timedelta(hours=1)), LATEST])
        counts = cursor.fetchall()
    total = sum(count for _, count in counts)
    return [
        {"status": status, "count": count, "percent": round(100 * count / total, 1)}
        for status, count in counts
    ]
