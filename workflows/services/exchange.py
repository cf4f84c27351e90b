"""Workflows as files: JSON and YAML, in and out, without loss.

A file is an envelope (`name`, `description`, `tags`, `definition`) or a bare definition. YAML is read with
the words of JSON only (`true`, `null`, numbers): `on` and `2026-01-01` stay text. Anchors are refused:
a few lines of them unfold into gigabytes.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
import yaml

from studio.kernel.documents import MAX_DEPTH, read_json
from studio.kernel.errors import Invalid, Malformed, Problem, TooLarge
from workflows.engine.definition import json_schema
from workflows.engine.findings import escaped
from workflows.models import Workflow

Format = Literal["json", "yaml"]
FORMATS: tuple[Format, ...] = ("json", "yaml")

MAX_BYTES = 1 << 20
_LONGEST_ESCAPE = 6
_MAX_NODES = 200_000
MAX_TAGS = 50
_LONGEST_TAG = 60
_LONGEST = {"name": 200, "description": 10_000}
_ENVELOPE = (*_LONGEST, "tags", "definition")


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What a file holds. `place` is the pointer of the definition in it; a bare one has no name."""

    name: str | None = None
    description: str = ""
    tags: list[str] = field(default_factory=list)
    definition: Any = None
    place: str = "/definition"


def export_document(workflow: Workflow, definition: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The envelope of a workflow: its draft, or another of its definitions."""
    return {
        "name": workflow.name,
        "description": workflow.description,
        "tags": list(workflow.tags),
        "definition": _in_order(workflow.draft if definition is None else definition),
    }


def _in_order(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Keys as people write them: the database keeps those of a draft in an order of its own."""
    properties = json_schema()["properties"]
    ordered = _sorted(definition, properties)
    for name in ("nodes", "edges"):
        if name in ordered:
            ordered[name] = [_sorted(one, properties[name]["items"]["properties"]) for one in ordered[name]]
    return ordered


def _sorted(document: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    first = [key for key in known if key in document]
    return {key: document[key] for key in [*first, *(key for key in document if key not in known)]}


def write_document(document: Mapping[str, Any], form: Format) -> str:
    if form == "json":
        return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text


def read_yaml(text: str | bytes) -> Any:
    """The value of one YAML document; raise TooLarge, Malformed or Invalid, as JSON is read."""
    if len(text) > MAX_BYTES:
        raise TooLarge(limit_bytes=MAX_BYTES)
    try:
        _measure(text)
        value = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader with fewer types still
    except (yaml.YAMLError, UnicodeError, ValueError) as error:
        raise Malformed(reason=f"This is not YAML: {_first_line(error)}") from error
    return read_json(json.dumps(value).encode(), limit_bytes=_LONGEST_ESCAPE * MAX_BYTES)


def read_document(value: Any) -> Imported:
    """Tell an envelope from a bare definition; raise Invalid for anything else."""
    if not isinstance(value, dict):
        raise Invalid(problems=[Problem("", "wrong_type", "A workflow file holds an object.")])
    if "definition" not in value:
        return Imported(definition=value, place="")
    problems = list(_envelope_problems(value))
    if problems:
        raise Invalid(problems=problems)
    return Imported(
        name=value.get("name"),
        description=value.get("description") or "",
        tags=value.get("tags") or [],
        definition=value["definition"],
    )


def _envelope_problems(value: Mapping[str, Any]) -> Iterator[Problem]:
    for key in value:
        if key not in _ENVELOPE:
            yield Problem(f"/{escaped(key)}", "unknown_key", f"Known here are {', '.join(_ENVELOPE)}.")
    for key, most in _LONGEST.items():
        text = value.get(key)
        if text is not None and not (isinstance(text, str) and len(text) <= most):
            yield Problem(f"/{key}", "wrong_type", f"Write text of at most {most:,} characters.")
    tags = value.get("tags")
    if tags is not None and not (
        isinstance(tags, list) and len(tags) <= MAX_TAGS and all(map(_is_tag, tags))
    ):
        yield Problem(
            "/tags", "wrong_type", f"Write at most {MAX_TAGS} words of 1 to {_LONGEST_TAG} characters."
        )


def _is_tag(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= _LONGEST_TAG


class _Loader(yaml.CSafeLoader):
    """JSON's types only; a key that is not text is refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if not isinstance(key, str):
                raise yaml.YAMLError(f"the key {str(key)[:40]!r} is not text; put it in quotes")
        if len(set(keys)) != len(keys):
            raise yaml.YAMLError("a key stands twice in one object")
        return super().construct_mapping(node, deep=deep)

    def construct_yaml_float(self, node: yaml.ScalarNode) -> float:
        value = float(node.value)
        if not math.isfinite(value):
            raise yaml.YAMLError(f"the number {node.value[:40]} is too large")
        return value


class _Dumper(yaml.CSafeDumper):
    """Never writes anchors: equal objects are written out each time."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    """Lines of code stay readable; anything a block might change goes in quotes."""
    as_block = "\n" in value and _BLOCK.fullmatch(value) is not None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if as_block else None)


_BLOCK = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?\n)(?:[ -~]*[!-~]\n|\n(?!\Z))*(?:[ -~]*[!-~])?")
_Dumper.add_representer(str, _represent_text)
_WORDS: tuple[tuple[str, str, str], ...] = (
    ("tag:yaml.org,2002:null", r"^(?:null|~|)$", "n~"),
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", "tf"),
    ("tag:yaml.org,2002:int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("tag:yaml.org,2002:float", r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", "-0123456789"),
)
_Loader.yaml_implicit_resolvers = {}
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_yaml_float)
for _tag, _pattern, _first in _WORDS:
    for _class in (_Loader, _Dumper):  # the dumper puts texts in quotes that would be read as something else
        _class.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^$"), [""])


def _measure(text: str | bytes) -> None:
    """Walk the events, which needs no stack, so that nothing deep or endless is ever built."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_Loader)):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("anchors and aliases are not read here")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise yaml.YAMLError(f"the tag {tag[:60]} is not read here")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise yaml.YAMLError(f"nested deeper than {MAX_DEPTH} levels")
        if count > _MAX_NODES:
            raise yaml.YAMLError(f"more than {_MAX_NODES:,} values")


def _first_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return f"{said} (line {mark.line + 1}, column {mark.column + 1})." if mark else f"{said}."
