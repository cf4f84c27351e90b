"""Is this document a definition, and may it be published and run? Every answer is a problem with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.kernel.errors import Problem
from workflows.engine.draft import read_draft
from workflows.engine.findings import Report
from workflows.engine.kinds import TRIGGER_PREFIX, Catalogue
from workflows.engine.links import check_links
from workflows.engine.params import check_params
from workflows.engine.schema import json_schema
from workflows.engine.shapes import check_shape
from workflows.engine.structure import RESERVED_IDS, check_structure

__all__ = ["RESERVED_IDS", "Report", "json_schema", "missing_trigger", "validate"]

_SCHEMA = json_schema()


def validate(document: Any, catalogue: Catalogue) -> Report:
    """Collect every problem of a document, however wrong it is."""
    report = Report()
    check_shape(document, _SCHEMA, "", report)
    if not isinstance(document, dict) or any(problem.code == "too_many" for problem in report.broken):
        return report
    draft = read_draft(document, catalogue)
    check_structure(document, draft, report)
    check_links(draft, report)
    check_params(draft, report)
    return report


def missing_trigger(document: Mapping[str, Any]) -> Problem | None:
    """What keeps a definition without a trigger from being published; running it ad hoc is fine."""
    kinds = [node.get("kind") for node in document.get("nodes") or ()]
    if any(isinstance(kind, str) and kind.startswith(TRIGGER_PREFIX) for kind in kinds):
        return None
    return Problem("/nodes", "trigger_missing", "Add a trigger: it says when the workflow starts.")
