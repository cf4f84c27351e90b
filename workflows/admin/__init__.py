"""Operators' pages of workflows, executions, steps, schedules and variables."""

from workflows.admin.execution import ExecutionAdmin
from workflows.admin.schedule import ScheduleAdmin
from workflows.admin.step import StepAdmin
from workflows.admin.workflow import VersionAdmin, WorkflowAdmin

__all__ = ["ExecutionAdmin", "ScheduleAdmin", "StepAdmin", "VersionAdmin", "WorkflowAdmin"]
