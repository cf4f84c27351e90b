"""Routes of workflows, executions and what belongs to them below `/api/v1/`."""
