"""Verbs on credentials, and the audit trail."""
