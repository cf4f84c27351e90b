"""Credentials and the audit trail over HTTP."""
