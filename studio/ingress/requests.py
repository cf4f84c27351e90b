"""One request at the fast door, and how errors become answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson

from studio.common.api import UnknownParameter
from studio.common.problem import problem_document
from studio.ingress.messages import Answer, Receive, Scope, header, read_body
from studio.kernel.documents import read_json
from studio.kernel.errors import Malformed, Problem, StudioError, TooLarge, UnsupportedMedia

_JSON_TYPES: Final = (b"application/json", b"text/json")


@dataclass(slots=True)
class Request:
    """`limit_bytes` bounds the body; it is read when somebody asks for it."""

    scope: Scope
    receive: Receive
    id: str
    limit_bytes: int

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        return str(self.scope["path"])

    def header(self, name: bytes) -> bytes | None:
        return header(self.scope, name)

    def text_header(self, name: bytes) -> str | None:
        value = self.header(name)
        return None if value is None else value.decode("latin-1")

    async def body(self) -> bytes:
        return await read_body(self.scope, self.receive, limit_bytes=self.limit_bytes)

    def query(self, known: frozenset[str]) -> dict[str, str]:
        """The query parameters; raise UnknownParameter or Malformed for others, or one given twice."""
        raw: bytes = self.scope["query_string"]
        if not raw:
            return {}
        try:
            pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=20)
        except ValueError:
            raise Malformed(reason="There are too many query parameters.") from None
        found = dict(pairs)
        unknown = [
            Problem("", "unknown_parameter", f"{name[:80]!r} is unknown.") for name in found.keys() - known
        ]
        if unknown:
            raise UnknownParameter(reason="Unknown query parameter.", problems=unknown)
        if len(found) < len(pairs):
            raise Malformed(reason="A query parameter occurs more than once.")
        return found


def json_document(request: Request, body: bytes) -> Any:
    """The decoded body, None for none; raise UnsupportedMedia, Malformed or Invalid."""
    if not body.strip():
        return None
    content_type = request.header(b"content-type")
    if content_type is not None and not content_type.lower().startswith(_JSON_TYPES):
        raise UnsupportedMedia()
    return read_json(body, limit_bytes=request.limit_bytes)


def problem_answer(error: StudioError, request: Request) -> Answer:
    status, headers, document = problem_document(error, instance=request.path, request_id=request.id)
    content_type = headers.pop("Content-Type").encode("latin-1")
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return Answer(status, orjson.dumps(document), raw, content_type, close=isinstance(error, TooLarge))
