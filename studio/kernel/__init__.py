"""Arithmetic and vocabulary that every app shares: no Django, no I/O, no clock of its own."""
