"""Verbs that people and operators use: one function, one place for a write."""
