"""Schedules: when a published workflow starts by itself, exactly once per instant.

`times` is the arithmetic, `services` keeps the rows in step with what is published, `firing` submits what is due,
`loop` is the process that does it on time.
"""
