"""Random mixed graphs from a seed: what they compute and do outside is fixed by their input alone.

Every segment takes `{"v": number}` and gives one on, so any two can follow each other. Writes go to the ledger,
which answers a number that depends on what it was sent. `tag` tells the ledger which offering a call belongs to
and takes no part in any output.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.runtime.lab import flow, node

MODULUS = 1009
SIGNAL = "go"
PATIENT = {
    "timeout": 10,
    "retry": {"max_attempts": 12, "base": 0.2, "cap": 2, "unknown_outcome": True},
}


@dataclass(frozen=True)
class Recipe:
    """A definition and one input for it."""

    name: str
    definition: Mapping[str, Any]
    start_value: int
    awaits_signal: bool
    kinds: tuple[str, ...]

    def given(self, tag: str) -> dict[str, Any]:
        return {"tag": tag, "v": self.start_value}


@dataclass
class _Draft:
    """A graph in the making; `last` is the node whose output the next segment takes."""

    rng: random.Random
    ledger: str
    child: str
    nodes: list[dict[str, Any]] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)
    last: str = "start"
    signalled: bool = False

    def name(self, stem: str) -> str:
        return f"{stem}{len(self.nodes)}"

    def add(self, made: dict[str, Any], after: str | None = None) -> str:
        """Put it behind `after` (a node, or `node.port`); answers its id."""
        self.nodes.append(made)
        self.edges.append(f"{after or self.last} > {made['id']}")
        self.last = made["id"]
        return self.last

    def value(self, expression: str, after: str | None = None) -> str:
        return self.add(node(self.name("set"), "data.set", values={"v": expression}), after)

    def write(self, after: str | None = None, *, path: str = "/effect", value: str = "{{ input.v }}") -> str:
        return self.add(self.write_node(path, value), after)

    def write_node(
        self, path: str, value: str, settings: Mapping[str, Any] | None = None, parent: str | None = None
    ) -> dict[str, Any]:
        name = self.name("post")
        body = {"tag": "{{ trigger.tag }}", "node": name, "v": value}
        made = node(
            name,
            "http.request",
            {**PATIENT, **(settings or {})},
            method="POST",
            url=self.ledger + path,
            json=body,
        )
        return made | ({"parent": parent} if parent else {})

    def receipt(self, after: str | None = None) -> str:
        return self.value("{{ input.body.receipt }}", after)


def recipes(seed: int, count: int, *, ledger: str, child: str) -> list[Recipe]:
    """`count` of them; each kind of segment is in at least one as soon as there are enough."""
    rng = random.Random(seed)
    kinds = list(SEGMENTS)
    rng.shuffle(kinds)
    return [
        _recipe(
            random.Random(rng.random()),
            f"chaos-{number}",
            [kinds[(number * 3 + one) % len(kinds)] for one in range(3)],
            ledger=ledger,
            child=child,
        )
        for number in range(count)
    ]


def child_definition(ledger: str) -> dict[str, Any]:
    """What `flow.workflow` calls: a write and a value."""
    draft = _Draft(random.Random(0), ledger, "")
    draft.write(value="{{ trigger.v }}")
    draft.receipt()
    return flow(*draft.nodes, edges=", ".join(draft.edges))


def _recipe(rng: random.Random, name: str, wanted: list[str], *, ledger: str, child: str) -> Recipe:
    draft = _Draft(rng, ledger, child)
    draft.value("{{ trigger.v }}")
    chosen = [*wanted, *rng.choices(list(SEGMENTS), k=rng.randint(0, 2))]
    rng.shuffle(chosen)
    if chosen.count("signal") > 1:
        chosen = ["write" if one == "signal" and at else one for at, one in enumerate(chosen)]
    for kind in chosen:
        SEGMENTS[kind](draft)
    if rng.random() < 0.15:
        chosen.append("failure")
        draft.add(node(draft.name("fail"), "flow.fail", message="On purpose."))
    definition = flow(*draft.nodes, edges=", ".join(draft.edges))
    return Recipe(name, definition, rng.randrange(MODULUS), draft.signalled, tuple(chosen))


def _values(draft: _Draft) -> None:
    for _ in range(draft.rng.randint(1, 4)):
        factor, more = draft.rng.randrange(2, 9), draft.rng.randrange(100)
        draft.value(f"{{{{ (input.v * {factor} + {more}) % {MODULUS} }}}}")


def _write(draft: _Draft) -> None:
    draft.write()
    draft.receipt()


def _read(draft: _Draft) -> None:
    url = draft.ledger + "/read?v={{ input.v }}"
    draft.add(node(draft.name("get"), "http.request", PATIENT, method="GET", url=url))
    draft.receipt()


def _retried(draft: _Draft) -> None:
    """Its first call is refused, with faults and without."""
    draft.write(path="/refuses-first")
    draft.receipt()


def _branch(draft: _Draft) -> None:
    """One way writes, the other computes; they meet again."""
    fork = draft.add(node(draft.name("if"), "logic.if", condition="{{ input.v % 2 == 0 }}"))
    draft.write(f"{fork}.true")
    first = draft.receipt()
    second = draft.value(f"{{{{ (input.v + 5) % {MODULUS} }}}}", f"{fork}.false")
    met = draft.value(f"{{{{ input.{first}.v if input.{first} != null else input.{second}.v }}}}", first)
    draft.edges.append(f"{second} > {met}")


def _parallel(draft: _Draft) -> None:
    """Two writes and a wait at once, then all of them."""
    origin = draft.last
    ends = []
    for _ in range(2):
        draft.write(origin)
        ends.append(draft.receipt())
    waited = node(draft.name("wait"), "flow.wait", seconds=round(draft.rng.uniform(0.1, 0.9), 2))
    ends.append(draft.add(waited, origin))
    total = " + ".join(f"input.{end}.v" for end in ends)
    met = draft.value(f"{{{{ ({total}) % {MODULUS} }}}}", ends[0])
    draft.edges += [f"{end} > {met}" for end in ends[1:]]


def _loop(draft: _Draft) -> None:
    """Each visit writes."""
    body = draft.write()
    draft.receipt()
    loop = draft.add(node(draft.name("loop"), "flow.loop", times=draft.rng.randint(2, 3)))
    draft.edges.append(f"{loop}.again > {body}")
    draft.value(f"{{{{ (input.v + 1) % {MODULUS} }}}}", f"{loop}.done")


def _wait(draft: _Draft) -> None:
    """Short ones stay in memory, longer ones park."""
    seconds = draft.rng.choice((0.2, 1.2, 2.5))
    draft.add(node(draft.name("wait"), "flow.wait", seconds=seconds))


def _signal(draft: _Draft) -> None:
    before, draft.signalled = draft.last, True
    draft.add(node(draft.name("wait"), "flow.wait", signal=SIGNAL))
    draft.value(f"{{{{ (nodes.{before}.v + input.by) % {MODULUS} }}}}")


def _items(draft: _Draft) -> None:
    """One node for each item of a list."""
    each = {"for_each": {"items": "{{ [input.v + n for n in [0, 1, 2, 3]] }}", "limit": 2}}
    draft.add(draft.write_node("/effect", "{{ item }}", each))
    draft.value(f"{{{{ ([one.body.receipt for one in input] | sum) % {MODULUS} }}}}")


def _each(draft: _Draft) -> None:
    """Two nodes for each item of a list."""
    each = draft.add(
        node(draft.name("each"), "flow.for_each", items="{{ [input.v + n for n in [0, 1, 2]] }}", limit=2)
    )
    inside = draft.add(draft.write_node("/effect", "{{ item }}", parent=each), f"{each}.item")
    noted = node(draft.name("set"), "data.set", values={"v": "{{ input.body.receipt }}"}) | {"parent": each}
    draft.add(noted, inside)
    draft.value(f"{{{{ ([one.v for one in input] | sum) % {MODULUS} }}}}", f"{each}.done")


def _child(draft: _Draft) -> None:
    given = {"tag": "{{ trigger.tag }}", "v": "{{ input.v }}"}
    draft.add(node(draft.name("child"), "flow.workflow", workflow=draft.child, input=given))
    draft.value(f"{{{{ (input.v + 2) % {MODULUS} }}}}")


def _handled(draft: _Draft) -> None:
    """A failure that the graph knows what to do with."""
    draft.add(node(draft.name("fail"), "flow.fail", {"on_error": "continue"}, message="Expected."))
    draft.value(f"{{{{ (input.input.v + 3) % {MODULUS} }}}}")


SEGMENTS: dict[str, Callable[[_Draft], None]] = {
    "values": _values,
    "write": _write,
    "read": _read,
    "retried": _retried,
    "branch": _branch,
    "parallel": _parallel,
    "loop": _loop,
    "wait": _wait,
    "signal": _signal,
    "items": _items,
    "each": _each,
    "child": _child,
    "handled": _handled,
}
