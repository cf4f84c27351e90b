"""Kinds of credentials: which fields each holds. The page draws its form from this table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from studio.kernel.documents import escape_token
from studio.kernel.errors import Problem

MAX_FIELD: Final = 16_384
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")


@dataclass(frozen=True, slots=True)
class Field:
    """`secret` fields are typed hidden on the page; no field is ever read back."""

    name: str
    label: str
    secret: bool = True
    required: bool = True
    header_name: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CredentialKind:
    """What a node finds in a credential of this kind."""

    kind: str
    label: str
    fields: tuple[Field, ...]

    def problems(self, given: Mapping[str, Any]) -> list[Problem]:
        """What is wrong with these fields, by pointer below `/fields`."""
        known = {field.name: field for field in self.fields}
        found = [
            Problem(f"/fields/{escape_token(name)}", "unknown_field", f"Use {', '.join(known)}.")
            for name in given
            if name not in known
        ]
        for field in self.fields:
            found += _problems_of(field, given.get(field.name))
        return found


def _problems_of(field: Field, value: Any) -> list[Problem]:
    pointer = f"/fields/{field.name}"
    if value is None:
        return [Problem(pointer, "required", f"{field.label} is required.")] if field.required else []
    if not isinstance(value, str):
        return [Problem(pointer, "wrong_type", "Send a string.")]
    if not value and field.required:
        return [Problem(pointer, "required", f"{field.label} is required.")]
    if len(value) > MAX_FIELD:
        return [Problem(pointer, "too_long", f"Use at most {MAX_FIELD} characters.")]
    if field.choices and value not in field.choices:
        return [Problem(pointer, "invalid", f"Use one of {', '.join(field.choices)}.")]
    if field.header_name and not _HEADER_NAME.fullmatch(value):
        return [Problem(pointer, "invalid", "Use the letters, digits and hyphens of a header's name.")]
    if "\r" in value or "\n" in value:
        return [Problem(pointer, "invalid", "A line break cannot be sent in a header.")]
    return []


KINDS: Final[dict[str, CredentialKind]] = {
    kind.kind: kind
    for kind in (
        CredentialKind(
            "http.basic",
            "User name and password",
            (Field("username", "User name", secret=False), Field("password", "Password", required=False)),
        ),
        CredentialKind("http.bearer", "Bearer token", (Field("token", "Token"),)),
        CredentialKind(
            "http.header",
            "Header",
            (Field("name", "Header name", secret=False, header_name=True), Field("value", "Value")),
        ),
        CredentialKind(
            "http.query",
            "Query parameter",
            (Field("name", "Parameter name", secret=False), Field("value", "Value")),
        ),
        CredentialKind(
            "webhook.secret",
            "Shared secret of a webhook",
            (
                Field("secret", "Secret"),
                Field("previous_secret", "Previous secret, still accepted", required=False),
                Field("header", "Header", secret=False, required=False, header_name=True),
                Field("prefix", "Text before the signature", secret=False, required=False),
                Field("encoding", "Encoding", secret=False, required=False, choices=("hex", "base64")),
                Field(
                    "algorithm",
                    "Algorithm",
                    secret=False,
                    required=False,
                    choices=("sha256", "sha384", "sha512"),
                ),
            ),
        ),
    )
}
