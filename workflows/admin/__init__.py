"""Operators' pages of workflows, executions, their failures, steps, schedules and variables."""

from workflows.admin.execution import ExecutionAdmin
from workflows.admin.failure import DeadLetterAdmin, ErrorGroupAdmin
from workflows.admin.job import JobAdmin
from workflows.admin.schedule import ScheduleAdmin
from workflows.admin.step import StepAdmin
from workflows.admin.workflow import VersionAdmin, WorkflowAdmin

__all__ = [
    "DeadLetterAdmin",
    "ErrorGroupAdmin",
    "ExecutionAdmin",
    "JobAdmin",
    "ScheduleAdmin",
    "StepAdmin",
    "VersionAdmin",
    "WorkflowAdmin",
]
