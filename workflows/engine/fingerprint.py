"""Which failures are one and the same: a fingerprint over what stays equal from case to case.

Failures are alike when the same kind of node fails with the same category and code, and with messages that
differ only in numbers, ids, quoted text, addresses and times. The rules have a version, kept beside every
fingerprint: better rules make new groups and leave the old ones what they were.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

ALGORITHM: Final = 1

MOST_CHARACTERS: Final = 2_000
"""No more of a message is read: what tells failures apart stands at its beginning."""

LONGEST_TEMPLATE: Final = 300

_RULES: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("url", re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s<>\"'`]+")),
    ("email", re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")),
    ("text", re.compile(r"\"[^\"\n]*\"|`[^`\n]*`|“[^”\n]*”|«[^»\n]*»|(?<!\w)'[^'\n]*'(?!\w)")),
    ("id", re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")),
    (
        "time",
        re.compile(
            r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d)\b)?)?"
            r"|\b\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?\b"
        ),
    ),
    (
        "address",
        re.compile(
            r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b"
            r"|(?:\b[0-9a-fA-F]{1,4})?(?::{1,2}[0-9a-fA-F]{1,4}){3,}\b"
        ),
    ),
    ("hex", re.compile(r"\b0[xX][0-9a-fA-F]+\b")),
    # Ids of other systems: `ord_8fK2`, `cus-0042`, `deadbeef12`: letters and digits that no word mixes.
    (
        "id",
        re.compile(
            r"\b(?=[A-Za-z_-]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)+\b"
            r"|\b(?=[a-fA-F]*\d)(?=\d*[a-fA-F])[0-9a-fA-F]{8,}\b"
            r"|\b(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{10,}\b"
        ),
    ),
    ("number", re.compile(r"(?<!\w)[+-]?\d+(?:[.,_]\d+)*%?|\d+(?:[.,]\d+)*")),
)
_SPACE: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`value` is the fingerprint itself; the rest is what went into it, which is why it is what it is."""

    value: str
    algorithm: int
    kind: str
    category: str
    code: str
    template: str


def fingerprint_of(error: Mapping[str, Any], kind: str) -> Fingerprint:
    """Of an error body (`workflows.engine.errors`); `kind` is the node's, "" when no node failed."""
    category, code = str(error.get("category", "")), str(error.get("code", ""))
    template = normalise(str(error.get("message", "")))
    parts = json.dumps([ALGORITHM, kind, category, code, template], ensure_ascii=False)
    digest = hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()
    return Fingerprint(digest[:32], ALGORITHM, kind, category, code, template)


def normalise(message: str) -> str:
    """The message with `<number>`, `<url>` and the like in the place of what differs from case to case."""
    text = message[:MOST_CHARACTERS]
    for name, pattern in _RULES:
        text = pattern.sub(f"<{name}>", text)
    return _SPACE.sub(" ", text).strip()[:LONGEST_TEMPLATE].rstrip()


def replaced_in(template: str) -> list[str]:
    """What a template stands for by name, in the order of its first appearance."""
    names = {name for name, _ in _RULES}
    return [name for name in dict.fromkeys(re.findall(r"<([a-z]+)>", template)) if name in names]
