"""What the engine must know about a kind of node, and nothing about how one runs.

The catalogue of node types implements `Catalogue`; tests bring their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from studio.kernel.errors import Problem

SUCCESS = "success"
ERROR = "error"
ITEM = "item"
DONE = "done"
TRIGGER_PREFIX = "trigger."


class Effect(StrEnum):
    """What a node does to the world outside."""

    NONE = "none"
    READ = "read"
    WRITE = "write"


def _no_problems(_: Mapping[str, Any]) -> list[Problem]:
    return []


@dataclass(frozen=True, kw_only=True)
class KindSpec:
    """One kind of node as the graph sees it.

    `branching`: a back edge may leave from it. `passes_input`: its output is its input. `timeout`: seconds for
    one attempt, None for kinds that wait by nature. `opens_items`: it maps a body over a list.
    `check_params` answers problems with pointers relative to the params. `template_params` None: every param
    is a template. `ports_of`: ports that follow from the params.
    """

    kind: str
    ports: tuple[str, ...] = (SUCCESS,)
    branching: bool = False
    trigger: bool = False
    passes_input: bool = False
    timeout: float | None = 30.0
    opens_items: bool = False
    check_params: Callable[[Mapping[str, Any]], list[Problem]] = _no_problems
    template_params: frozenset[str] | None = None
    ports_of: Callable[[Mapping[str, Any]], tuple[str, ...]] | None = None

    def ports_for(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """Ports besides `error`, which every kind has when its node branches on errors."""
        ports = self.ports if self.ports_of is None else self.ports_of(params)
        return tuple(port for port in ports if port != ERROR)


class Catalogue(Protocol):
    """Knows the kinds that exist."""

    def spec(self, kind: str) -> KindSpec | None: ...


def main_port(ports: tuple[str, ...]) -> str | None:
    """Where the output goes when nothing chose a port: `success`, or `done` of loops; None for pure branches."""
    for port in (SUCCESS, DONE):
        if port in ports:
            return port
    return None
