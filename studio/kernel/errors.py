"""Every error Studio raises on purpose.

StudioError
├── CallerError            4xx: the caller can put it right; never pages anybody
│   ├── Invalid            422, with problems by JSON pointer
│   ├── Malformed          400
│   ├── Unauthenticated    401
│   ├── Forbidden          403
│   ├── NotFound           404, also for another workspace's object
│   ├── Conflict           409 wrong state
│   ├── PreconditionFailed 412 / PreconditionRequired 428
│   ├── TooLarge           413
│   ├── UnsupportedMedia   415
│   └── LimitReached       429, carries `retry_after`
├── StoreAway              503, carries `retry_after`
├── NodeError              a node attempt went wrong; `category` says how
│   ├── Transient          may be tried again
│   ├── Permanent          trying again cannot help
│   └── OutcomeUnknown     sent, no answer: retried only with an idempotency key
└── InternalError          our fault: pages

An error's message is made from its fields; it never holds a secret or a payload.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, ClassVar


class Category(StrEnum):
    """What went wrong with an attempt, in the words that retry rules use."""

    TIMEOUT = "timeout"
    CONNECTION = "connection"
    RATE_LIMITED = "rate_limited"
    UPSTREAM = "upstream"
    AUTH = "auth"
    BAD_INPUT = "bad_input"
    QUOTA = "quota"
    BUG = "bug"
    OUTCOME_UNKNOWN = "outcome_unknown"
    INFRASTRUCTURE = "infrastructure"
    CANCELLED = "cancelled"


TRANSIENT = frozenset(
    {
        Category.TIMEOUT,
        Category.CONNECTION,
        Category.RATE_LIMITED,
        Category.UPSTREAM,
        Category.INFRASTRUCTURE,
    }
)


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a document: where (RFC 6901 pointer), which rule, and what to do."""

    pointer: str
    code: str
    detail: str

    def as_dict(self) -> dict[str, str]:
        return {"pointer": self.pointer, "code": self.code, "detail": self.detail}


@dataclass(eq=False, kw_only=True)
class StudioError(Exception):
    """Base of all: builds the message from the fields and survives pickling."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"
    message: ClassVar[str] = "Something went wrong."

    def __post_init__(self) -> None:
        super().__init__(str(self))

    def __str__(self) -> str:
        return self.message.format(**{f.name: getattr(self, f.name) for f in fields(self)})

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), {f.name: getattr(self, f.name) for f in fields(self)})

    @property
    def detail(self) -> str:
        return str(self)


def _rebuild(cls: type[StudioError], values: dict[str, Any]) -> StudioError:
    return cls(**values)


@dataclass(eq=False, kw_only=True)
class CallerError(StudioError):
    """The caller sent something that cannot be done; nothing changed."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    title: ClassVar[str] = "Bad request"
    message: ClassVar[str] = "{reason}"

    reason: str = "The request cannot be understood."


@dataclass(eq=False, kw_only=True)
class Malformed(CallerError):
    """The bytes are not what they claim to be, or a parameter is unknown."""

    code: ClassVar[str] = "malformed"
    title: ClassVar[str] = "Malformed request"

    problems: Sequence[Problem] = ()


@dataclass(eq=False, kw_only=True)
class Invalid(CallerError):
    """Well-formed, but its content breaks rules; `problems` names each by pointer."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "invalid"
    title: ClassVar[str] = "Content is not valid"

    reason: str = "The content breaks the rules named in `errors`."
    problems: Sequence[Problem] = ()
    error_code: str | None = None


@dataclass(eq=False, kw_only=True)
class Unauthenticated(CallerError):
    """Nobody we know."""

    status: ClassVar[int] = 401
    code: ClassVar[str] = "unauthenticated"
    title: ClassVar[str] = "Not signed in"

    reason: str = "Send a valid API key as `Authorization: Bearer stu_…`, or sign in."


@dataclass(eq=False, kw_only=True)
class Forbidden(CallerError):
    """Known, but not allowed."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "forbidden"
    title: ClassVar[str] = "Not allowed"

    reason: str = "Your role in this workspace does not allow this."


@dataclass(eq=False, kw_only=True)
class NotFound(CallerError):
    """No such object here; another workspace's object looks the same."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "not_found"
    title: ClassVar[str] = "Not found"
    message: ClassVar[str] = "No {what} with this id in this workspace."

    what: str = "object"


@dataclass(eq=False, kw_only=True)
class Conflict(CallerError):
    """The object is not in a state that allows this."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "conflict"
    title: ClassVar[str] = "Wrong state"

    error_code: str | None = None


@dataclass(eq=False, kw_only=True)
class PreconditionFailed(CallerError):
    """Somebody else changed it first."""

    status: ClassVar[int] = 412
    code: ClassVar[str] = "changed_elsewhere"
    title: ClassVar[str] = "Changed elsewhere"

    reason: str = "It changed since you read it. Read it again and apply your change to that."


@dataclass(eq=False, kw_only=True)
class PreconditionRequired(CallerError):
    """A change to what people edit must name the revision it was made from."""

    status: ClassVar[int] = 428
    code: ClassVar[str] = "if_match_required"
    title: ClassVar[str] = "If-Match required"

    reason: str = "Send the ETag you read as `If-Match`."


@dataclass(eq=False, kw_only=True)
class TooLarge(CallerError):
    """More bytes than the limit."""

    status: ClassVar[int] = 413
    code: ClassVar[str] = "too_large"
    title: ClassVar[str] = "Too large"
    message: ClassVar[str] = "The body is larger than {limit_bytes} bytes."

    limit_bytes: int


@dataclass(eq=False, kw_only=True)
class UnsupportedMedia(CallerError):
    """A content type this route does not read."""

    status: ClassVar[int] = 415
    code: ClassVar[str] = "unsupported_media_type"
    title: ClassVar[str] = "Unsupported media type"

    reason: str = "Send `Content-Type: application/json`."


@dataclass(eq=False, kw_only=True)
class LimitReached(CallerError):
    """A rate, concurrency, quota or spend limit; `reason_code` tells which. Spans are seconds."""

    status: ClassVar[int] = 429
    code: ClassVar[str] = "limit_reached"
    title: ClassVar[str] = "Limit reached"

    retry_after: float = 1.0
    reason_code: str = "rate"
    quota: int = 1
    window: float | None = None


@dataclass(eq=False, kw_only=True)
class StoreAway(StudioError):
    """A store does not answer; nothing was accepted."""

    status: ClassVar[int] = 503
    code: ClassVar[str] = "store_away"
    title: ClassVar[str] = "Try again shortly"
    message: ClassVar[str] = "{store} does not answer at the moment. Nothing was changed; try again."

    store: str = "The database"
    retry_after: float = 1.0


@dataclass(eq=False, kw_only=True)
class NodeError(StudioError):
    """One attempt of a node failed; `category` steers retry, `retry_after` (seconds) may delay it."""

    code: ClassVar[str] = "node_failed"
    message: ClassVar[str] = "{reason}"
    title: ClassVar[str] = "Node failed"

    reason: str
    category: Category = Category.BUG
    retry_after: float | None = None
    error_code: str | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def public_code(self) -> str:
        return self.error_code or self.code


@dataclass(eq=False, kw_only=True)
class Transient(NodeError):
    """May work the next time."""

    code: ClassVar[str] = "node_transient"
    category: Category = Category.UPSTREAM


@dataclass(eq=False, kw_only=True)
class Permanent(NodeError):
    """Will fail the same way again."""

    code: ClassVar[str] = "node_permanent"
    category: Category = Category.BAD_INPUT


@dataclass(eq=False, kw_only=True)
class OutcomeUnknown(NodeError):
    """The request left, no answer came; the effect may or may not have happened."""

    code: ClassVar[str] = "outcome_unknown"
    category: Category = Category.OUTCOME_UNKNOWN


@dataclass(eq=False, kw_only=True)
class NodeTimedOut(Transient):
    """The node was still running when its time was up."""

    code: ClassVar[str] = "node_timed_out"
    message: ClassVar[str] = "{node} was still running after {seconds:g} s and was stopped."

    reason: str = ""
    node: str
    seconds: float
    category: Category = Category.TIMEOUT


@dataclass(eq=False, kw_only=True)
class InternalError(StudioError):
    """A defect of ours, reported with a request id and never with its insides."""

    code: ClassVar[str] = "internal_error"
    message: ClassVar[str] = "An unexpected error on our side ({what})."

    what: str = "unknown"
