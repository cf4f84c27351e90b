"""Holds every view to the rule it declares."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from studio.accounts.permissions import Access
from studio.common.rules import MEMBER, PUBLIC
from studio.kernel.errors import Forbidden, Unauthenticated


class RulePermission(BasePermission):
    """No rule, no way in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        method = str(request.method).lower()
        if method not in view.http_method_names or not hasattr(view, method):
            raise MethodNotAllowed(str(request.method))
        rule = view.rules.get(view.operation)
        if rule == PUBLIC:
            return True
        if not isinstance(request.auth, Access):
            raise Unauthenticated
        if rule is None:
            raise Forbidden(reason="This address has no authorisation rule; nobody may use it.")
        if rule != MEMBER:
            request.auth.require(rule)
        return True
