"""Verbs on people, workspaces and keys."""
