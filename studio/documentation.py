"""Pages that are made from declarations, so that they cannot lag behind: settings, node kinds, functions.

`manage.py write_docs` writes them; a test fails while one of them is not current.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from studio import env
from workflows.engine.expressions import functions
from workflows.nodes import registry

_MADE: Final = "<!-- Made by `manage.py write_docs`; change the declarations instead. -->"
_SECRETS: Final = frozenset({"SECRET_KEY", "STUDIO_ENCRYPTION_KEYS", "STUDIO_METRICS_TOKEN"})


def settings_page() -> str:
    rows = [
        f"| `{item.name}` | {item.kind} | {_code(item.default)} | {item.meaning} |"
        for item in env.declarations()
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            _MADE,
            "",
            "Every setting is an environment variable; a mistake stops the process at once and names the variable.",
            "Secrets may come from a file: with `SECRET_KEY_FILE=/run/secrets/key` the key is read from there.",
            "",
            "| variable | type | default | meaning |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def env_example() -> str:
    lines = ["# Made by `manage.py write_docs`. Copy what you change to .env; docs/settings.md explains.", ""]
    for item in env.declarations():
        lines.append(f"# {item.meaning} ({item.kind})")
        shown = "" if item.name in _SECRETS or not _is_literal(item.default) else item.default
        lines += [f"#{item.name}={shown}", ""]
    return "\n".join(lines)


def nodes_page() -> str:
    kinds = registry.catalogue()
    lines = [
        "# Node kinds",
        "",
        _MADE,
        "",
        f"{len(kinds)} kinds. *Effect* says what a step does to the world outside: `none` and `read` may be repeated",
        "and cached, `write` is recorded before it is sent. Params marked `{{ }}` may hold",
        "[expressions](reference/contract.md#5-expressions).",
    ]
    for kind in kinds:
        lines += ["", *_kind(kind)]
    return "\n".join(lines) + "\n"


def functions_page() -> str:
    rows = [
        f"| `{_cell(found['signature'])}` | {_cell(found['summary'])} | `{_cell(found['example']['expression'])}` |"
        f" `{_cell(json.dumps(found['example']['result'], ensure_ascii=False))}` |"
        for found in functions.catalogue()
    ]
    return "\n".join(
        [
            "# Functions of the expression language",
            "",
            _MADE,
            "",
            "Called after a pipe: `{{ trigger.name | upper }}`. The value before the pipe is the first argument.",
            "",
            "| function | meaning | example | result |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "docs/settings.md": settings_page,
    ".env.example": env_example,
    "docs/nodes.md": nodes_page,
    "docs/reference/functions.md": functions_page,
}


def stale_pages(root: Path) -> dict[str, str]:
    """What is not as the declarations say, by path, with the text that belongs there."""
    wanted = {path: make() for path, make in PAGES.items()}
    return {path: text for path, text in wanted.items() if _text(root / path) != text}


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _kind(kind: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {kind['kind']}"
    yield ""
    yield str(kind["docs"])
    yield ""
    ports = ", ".join(f"`{port}`" for port in kind["ports"])
    timeout = "none" if kind["timeout"] is None else f"{kind['timeout']:g} s"
    yield f"Effect `{kind['effect']}` · ports {ports} · default time-out {timeout}"
    yield ""
    properties = kind["params_schema"].get("properties", {})
    if properties:
        required = set(kind["params_schema"].get("required", ()))
        yield "| param | type | default | |"
        yield "|---|---|---|---|"
        for name, schema in properties.items():
            marks = ["required"] * (name in required) + ["`{{ }}`"] * bool(schema.get("x-template"))
            default = "" if "default" not in schema else _code(json.dumps(schema["default"]))
            yield f"| `{name}` | {_cell(_type(schema))} | {default} | {', '.join(marks)} |"
        yield ""
    yield "Example:"
    yield ""
    yield "```json"
    yield json.dumps(kind["example"], indent=2, ensure_ascii=False)
    yield "```"


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    return str(schema.get("type", "any"))


def _is_literal(default: str) -> bool:
    """A default that could be written into the file, not a description of one."""
    return " " not in default and default not in {
        "SECRET_KEY",
        "REDIS_URL",
        "STUDIO_BASE_URL",
        "STUDIO_HOME/static",
    }


def _code(text: str) -> str:
    return f"`{_cell(text)}`" if text else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
