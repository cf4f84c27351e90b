"""Secrets and accountability: credentials, the keys they are encrypted with, and the audit trail."""
