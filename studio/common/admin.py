"""What the operators' console shares: history that nobody edits, counts that never take seconds, documents.

An action is a service call with a permission, an audit entry and a count; nothing here writes by itself.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, TypeVar, cast

import orjson
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold import decorators
from unfold.admin import ModelAdmin

from studio.kernel.clock import utcnow
from studio.kernel.errors import StudioError
from studio.kernel.ids import lower_bound

F = TypeVar("F", bound=Callable[..., Any])

MOST_COUNTED = 10_000
SHOWN_CHARACTERS = 20_000


def display(
    *, description: str, label: bool | str | dict[str, str] | None = None, ordering: str | None = None
) -> Callable[[F], F]:
    """A column or field that is computed; `label` draws it as a coloured word."""
    return cast(
        "Callable[[F], F]", decorators.display(description=description, label=label, ordering=ordering)
    )


def action(*, description: str, permissions: Sequence[str], icon: str | None = None) -> Callable[[F], F]:
    """A verb offered to those with the permissions; it calls a service."""
    return cast(
        "Callable[[F], F]", decorators.action(description=description, permissions=permissions, icon=icon)
    )


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than `MOST_COUNTED`: nobody leafs through more, and counting millions takes seconds."""

    @functools.cached_property
    def count(self) -> int:
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return rows.order_by().values("pk")[:MOST_COUNTED].count()
        return len(rows)


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]
    """A list and a page per row; adding, changing and deleting are not offered to anybody."""

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_disable_select_all = True
    list_max_show_all = 50

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class SearchById(ModelAdmin):  # type: ignore[misc]
    """Searches the whole id first, which an index answers; `search_fields` serve any other text."""

    search_fields: ClassVar[tuple[str, ...]] = ("pk",)
    search_help_text = "A whole id"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            return queryset.filter(pk=uuid.UUID(term)), False
        except ValueError:
            pass
        if self.search_fields == ("pk",):
            return queryset.none(), False
        found: tuple[QuerySet[Any], bool] = super().get_search_results(request, queryset, term)
        return found


class MadeWithin(admin.SimpleListFilter):
    """Narrows by the time inside the id, so that only the partitions and index ranges in question are read."""

    title = "made"
    parameter_name = "made"
    _SPANS: ClassVar[dict[str, tuple[str, timedelta]]] = {
        "hour": ("in the last hour", timedelta(hours=1)),
        "day": ("in the last 24 hours", timedelta(days=1)),
        "week": ("in the last 7 days", timedelta(days=7)),
        "month": ("in the last 30 days", timedelta(days=30)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, label) for name, (label, _) in self._SPANS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        span = self._SPANS.get(self.value() or "")
        return queryset if span is None else queryset.filter(pk__gte=lower_bound(utcnow() - span[1]))


def badge(text: str, colours: Mapping[str, str]) -> SafeString:
    """A coloured word, in lists and on pages alike."""
    return render_to_string("unfold/helpers/label.html", {"text": text, "type": colours.get(text, "")})


def link(url: str, text: str) -> SafeString:
    return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', url, text)


def is_list_page(request: HttpRequest) -> bool:
    """Whether a list is being shown: it has no use for the large columns."""
    match = request.resolver_match
    return match is not None and (match.url_name or "").endswith("_changelist")


def document(value: Any) -> SafeString:
    """A JSON document for reading, cut to what a page can show."""
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()
    cut = "" if len(text) <= SHOWN_CHARACTERS else f"\n… {len(text) - SHOWN_CHARACTERS:,} characters more"
    return format_html(
        '<pre class="bg-base-50 border border-base-200 font-mono max-h-96 overflow-auto p-3 rounded-default '
        'text-xs whitespace-pre-wrap break-words dark:bg-base-800 dark:border-base-700">{}{}</pre>',
        text[:SHOWN_CHARACTERS],
        cut,
    )


def duration(started: Any, finished: Any) -> str:
    """`1.2 s`, `3 min 05 s`; a dash while one end is open."""
    if started is None or finished is None:
        return "-"
    seconds = (finished - started).total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def apply_to_each(
    model_admin: ModelAdmin,
    request: HttpRequest,
    rows: Iterable[models.Model],
    verb: Callable[[Any], object],
    done: str,
) -> None:
    """Call a service for each row; say how many it was done to, and why it was refused to the others."""
    count = 0
    for row in rows:
        try:
            verb(row)
        except StudioError as error:
            model_admin.message_user(request, f"{row}: {error.detail}", messages.WARNING)
        else:
            count += 1
    if count:
        model_admin.message_user(request, f"{done}: {count}.", messages.SUCCESS)
