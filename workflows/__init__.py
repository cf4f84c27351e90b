"""Workflows, their versions and their executions.

Nouns: Workflow, Version, Node, Edge, Port, Trigger, Execution, Step, Attempt, Checkpoint, Schedule. Entry
points: `workflows.services` for people and operators, `workflows.runtime` for the engine worker,
`workflows.engine` for the pure decisions both rest on.
"""
