"""Live events on their way to people: one subscription per process, fanned out to bounded buffers.

Workers publish after their commit and only for what is watched; PostgreSQL is read for a snapshot when somebody
connects and after a gap. Nothing here is the only copy of anything.
"""
