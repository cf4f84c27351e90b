"""Usage, cost and rollups derived from executions; its models arrive with their own features."""
