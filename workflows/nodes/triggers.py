"""What starts an execution. Each hands on the payload that `trigger` holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from workflows.engine.kinds import Effect
from workflows.nodes.sdk import Example, Node, NodeContext, NodeParams, Param

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
# Any instant serves: it only lets the parser speak.
_SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise PydanticCustomError("unknown_timezone", "There is no such IANA time zone.") from error
    return name


def _valid_cron(text: str) -> str:
    if len(text.split()) != 5:
        raise PydanticCustomError("invalid_cron", "A cron expression has five fields.")
    try:
        next(CronSim(text, _SOME_TIME))
    except CronSimError as error:
        raise PydanticCustomError("invalid_cron", "This is not a cron expression.") from error
    except StopIteration as error:
        raise PydanticCustomError("invalid_cron", "This time never comes.") from error
    return text


class _Trigger(Node):
    """A node that starts an execution and hands on what started it."""

    effect = Effect.NONE
    trigger = True
    timeout = None

    def run(self, params: Any, ctx: NodeContext) -> Any:
        return ctx.trigger


class Manual(_Trigger):
    """Start by hand or by API, with any input."""

    kind = "trigger.manual"
    example = Example(params={}, trigger={"name": "Ada"}, output={"name": "Ada"})

    class Params(NodeParams):
        pass


class Webhook(_Trigger):
    """Start when a request arrives at this node's address.

    `trigger` holds `method`, `path`, `query`, `headers` and `body`. Choose how senders prove who they are;
    the shared secret lies in the credential.
    """

    kind = "trigger.webhook"
    example = Example(
        params={"methods": ["POST"], "authentication": "none"},
        trigger={"method": "POST", "path": "/", "query": {}, "headers": {}, "body": {"id": 7}},
        output={"method": "POST", "path": "/", "query": {}, "headers": {}, "body": {"id": 7}},
    )

    class Params(NodeParams):
        methods: list[Method] = Param(["POST"], template=False, min_length=1, max_length=6)
        authentication: Literal["none", "github", "standard_webhooks", "hmac", "token"] = Param(
            "none", template=False
        )
        credential: str | None = Param(None, template=False, widget="credential:webhook")
        respond: Literal["at_once"] = Param("at_once", template=False)

        @classmethod
        def cross_check(cls, given: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
            if given.get("authentication", "none") != "none" and given.get("credential") is None:
                yield "credential", "required", "Choose the credential that holds the shared secret."


class Schedule(_Trigger):
    """Start at times given by a cron expression, in a time zone of your choice.

    A start that was missed while nothing ran is skipped, made up for once, or made up for each time.
    """

    kind = "trigger.schedule"
    example = Example(
        params={"cron": "0 9 * * MON-FRI", "timezone": "Europe/Berlin"},
        trigger={"scheduled_for": "2026-01-05T08:00:00Z", "fired_at": "2026-01-05T08:00:00.1Z"},
        output={"scheduled_for": "2026-01-05T08:00:00Z", "fired_at": "2026-01-05T08:00:00.1Z"},
    )

    class Params(NodeParams):
        cron: Annotated[str, AfterValidator(_valid_cron)] = Param(
            template=False, widget="cron", max_length=200
        )
        timezone: Annotated[str, AfterValidator(_known_zone)] = Param(
            "UTC", template=False, widget="timezone", max_length=100
        )
        misfire: Literal["skip", "once", "all"] = Param("once", template=False)
