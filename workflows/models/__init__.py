"""Tables of workflows, executions and schedules."""

from workflows.models.execution import Blob, Execution, MailboxItem, Payload, Step
from workflows.models.failure import DeadLetter, ErrorGroup, ErrorGroupWorkflow
from workflows.models.job import Job, JobItem
from workflows.models.pin import Pin
from workflows.models.schedule import Schedule
from workflows.models.signal_link import SignalLink
from workflows.models.variable import Variable
from workflows.models.workflow import Definition, Version, Workflow

__all__ = [
    "Blob",
    "DeadLetter",
    "Definition",
    "ErrorGroup",
    "ErrorGroupWorkflow",
    "Execution",
    "Job",
    "JobItem",
    "MailboxItem",
    "Payload",
    "Pin",
    "Schedule",
    "SignalLink",
    "Step",
    "Variable",
    "Version",
    "Workflow",
]
