"""Operators' pages of the audit trail and of credentials, without their secrets."""

from studio.security.admin.audit import AuditEntryAdmin
from studio.security.admin.credential import CredentialAdmin

__all__ = ["AuditEntryAdmin", "CredentialAdmin"]
