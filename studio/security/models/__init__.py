"""Credentials and audit entries."""

from studio.security.models.audit import AuditEntry
from studio.security.models.credential import Credential

__all__ = ["AuditEntry", "Credential"]
