"""Routes below `/api/v1/`."""

from __future__ import annotations

from typing import Any

from django.urls import path

from workflows.api.breaker_views import BreakerViewSet
from workflows.api.cache_views import (
    CacheEntriesViewSet,
    CacheInvalidateView,
    CacheShadowView,
    CacheStatsView,
)
from workflows.api.catalogue_views import NodeTypesView, NodeTypeView
from workflows.api.document_views import BlobView, TicketView
from workflows.api.editing_views import EditingViewSet
from workflows.api.error_views import DeadLetterViewSet, ErrorGroupViewSet
from workflows.api.execution_views import ExecutionViewSet
from workflows.api.job_views import BulkViewSet, JobViewSet
from workflows.api.resume_views import ResumeViewSet
from workflows.api.run_views import RunUnsavedView, RunView
from workflows.api.variable_views import VariableViewSet
from workflows.api.version_views import VersionViewSet
from workflows.api.wait_views import SignalLinkView, WaitViewSet
from workflows.api.worker_views import QueuesView, WorkerViewSet
from workflows.api.workflow_views import ImportViewSet, WorkflowViewSet

_LIST: dict[str, Any] = {"get": "list", "post": "create"}
_ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}

_workflows = [
    path("workflows", WorkflowViewSet.as_view(_LIST)),
    path("workflows/validate", WorkflowViewSet.as_view({"post": "validate"})),
    path("workflows/schema", WorkflowViewSet.as_view({"get": "definition_schema"})),
    path("workflows/import", ImportViewSet.as_view({"post": "import_file"})),
    path("workflows/<uuid:id>", WorkflowViewSet.as_view(_ONE)),
    path("workflows/<uuid:id>/export", WorkflowViewSet.as_view({"get": "export"})),
    path("workflows/<uuid:id>/publish", WorkflowViewSet.as_view({"post": "publish"})),
    path("workflows/<uuid:id>/pause", WorkflowViewSet.as_view({"post": "pause"})),
    path("workflows/<uuid:id>/resume", WorkflowViewSet.as_view({"post": "resume"})),
    path("workflows/<uuid:id>/archive", WorkflowViewSet.as_view({"post": "archive"})),
    path("workflows/<uuid:id>/run", RunView.as_view()),
    path("workflows/<uuid:id>/nodes/<str:node>/run", EditingViewSet.as_view({"post": "run_node"})),
    path("workflows/<uuid:id>/pins", EditingViewSet.as_view({"get": "list_pins", "post": "pin"})),
    path("workflows/<uuid:id>/pins/<str:node>", EditingViewSet.as_view({"delete": "unpin"})),
    path("workflows/<uuid:id>/versions", VersionViewSet.as_view({"get": "list"})),
    path("workflows/<uuid:id>/versions/<int:number>", VersionViewSet.as_view({"get": "retrieve"})),
    path(
        "workflows/<uuid:id>/versions/<int:number>/diff/<int:other>", VersionViewSet.as_view({"get": "diff"})
    ),
    path("workflows/<uuid:id>/versions/<int:number>/restore", VersionViewSet.as_view({"post": "restore"})),
]
_executions = [
    path("run", RunUnsavedView.as_view()),
    path("executions", ExecutionViewSet.as_view({"get": "list"})),
    path("executions/bulk", BulkViewSet.as_view({"post": "bulk"})),
    path("executions/<uuid:id>", ExecutionViewSet.as_view({"get": "retrieve"})),
    path("executions/<uuid:id>/steps", ExecutionViewSet.as_view({"get": "steps"})),
    path("executions/<uuid:id>/events", ExecutionViewSet.as_view({"get": "events"})),
    path("executions/<uuid:id>/definition", ExecutionViewSet.as_view({"get": "definition"})),
    path("executions/<uuid:id>/resume", ResumeViewSet.as_view({"post": "resume"})),
    path("executions/<uuid:id>/retry", ResumeViewSet.as_view({"post": "retry"})),
    path("executions/<uuid:id>/cancel", ExecutionViewSet.as_view({"post": "cancel"})),
    path("executions/<uuid:id>/pause", WaitViewSet.as_view({"post": "pause"})),
    path("executions/<uuid:id>/continue", WaitViewSet.as_view({"post": "go_on"})),
    path("executions/<uuid:id>/approvals", WaitViewSet.as_view({"get": "approvals"})),
    path("executions/<uuid:id>/signals/<str:name>", WaitViewSet.as_view({"post": "signal"})),
    path("executions/<uuid:id>/signals/<str:name>/links", WaitViewSet.as_view({"post": "link"})),
    path("signals/<str:token>", SignalLinkView.as_view()),
    path("blobs/<uuid:id>", BlobView.as_view()),
    path("tickets", TicketView.as_view()),
]
_failures = [
    path("error-groups", ErrorGroupViewSet.as_view({"get": "list"})),
    path("error-groups/<uuid:id>", ErrorGroupViewSet.as_view({"get": "retrieve"})),
    path("error-groups/<uuid:id>/resolve", ErrorGroupViewSet.as_view({"post": "resolve"})),
    path("error-groups/<uuid:id>/ignore", ErrorGroupViewSet.as_view({"post": "ignore"})),
    path("error-groups/<uuid:id>/reopen", ErrorGroupViewSet.as_view({"post": "reopen"})),
    path("error-groups/<uuid:id>/retry", ErrorGroupViewSet.as_view({"post": "retry"})),
    path("dead-letters", DeadLetterViewSet.as_view({"get": "list"})),
    path("dead-letters/<uuid:id>", DeadLetterViewSet.as_view({"get": "retrieve"})),
    path("dead-letters/<uuid:id>/retry", DeadLetterViewSet.as_view({"post": "retry"})),
    path("dead-letters/<uuid:id>/discard", DeadLetterViewSet.as_view({"post": "discard"})),
    path("jobs", JobViewSet.as_view({"get": "list"})),
    path("jobs/<uuid:id>", JobViewSet.as_view({"get": "retrieve"})),
    path("jobs/<uuid:id>/items", JobViewSet.as_view({"get": "items"})),
    path("jobs/<uuid:id>/pause", JobViewSet.as_view({"post": "pause"})),
    path("jobs/<uuid:id>/continue", JobViewSet.as_view({"post": "go_on"})),
    path("jobs/<uuid:id>/abort", JobViewSet.as_view({"post": "abort"})),
]
_operations = [
    path("workers", WorkerViewSet.as_view({"get": "list"})),
    path("workers/health", WorkerViewSet.as_view({"get": "health"})),
    path("workers/stats", WorkerViewSet.as_view({"get": "stats"})),
    path("queues", QueuesView.as_view()),
    path("cache/stats", CacheStatsView.as_view()),
    path("cache/entries", CacheEntriesViewSet.as_view({"get": "list"})),
    path("cache/invalidate", CacheInvalidateView.as_view()),
    path("cache/shadow", CacheShadowView.as_view()),
    path("breakers", BreakerViewSet.as_view({"get": "list"})),
    path("breakers/<str:key>", BreakerViewSet.as_view({"get": "retrieve"})),
    path("breakers/<str:key>/open", BreakerViewSet.as_view({"post": "force_open"})),
    path("breakers/<str:key>/close", BreakerViewSet.as_view({"post": "force_close"})),
    path("breakers/<str:key>/reset", BreakerViewSet.as_view({"post": "reset"})),
]
_catalogue = [
    path("node-types", NodeTypesView.as_view()),
    path("node-types/<str:kind>", NodeTypeView.as_view()),
    path("variables", VariableViewSet.as_view(_LIST)),
    path("variables/<uuid:id>", VariableViewSet.as_view(_ONE)),
]

urlpatterns = [*_workflows, *_executions, *_catalogue, *_failures, *_operations]
