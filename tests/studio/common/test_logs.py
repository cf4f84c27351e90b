"""One form for every line, whoever wrote it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from studio.common.logs import configure_logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    output = io.StringIO()
    configure_logs(level="INFO", form="json", stream=output)
    yield output
    root.handlers = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_structlog_and_the_standard_library_write_the_same_form(stream: io.StringIO) -> None:
    structlog.get_logger("studio.a").info("execution.started", execution="e1")
    logging.getLogger("studio.b").warning("disk is %s", "full")

    ours, theirs = lines(stream)
    assert (ours["event"], ours["level"], ours["logger"], ours["execution"]) == (
        "execution.started", "info", "studio.a", "e1",
    )  # fmt: skip
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("disk is full", "warning", "studio.b")


def test_context_of_a_request_is_on_every_line_written_meanwhile(stream: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        logging.getLogger("studio.b").warning("inside")
    logging.getLogger("studio.b").warning("outside")

    inside, outside = lines(stream)
    assert inside["request_id"] == "r1"
    assert "request_id" not in outside


def test_secrets_are_hidden_in_fields_and_in_text(stream: io.StringIO) -> None:
    structlog.get_logger().info("signed.in", password="hunter2", url="redis://:hunter2@127.0.0.1/0")
    logging.getLogger("studio.b").warning("header was Bearer %s", "hunter2hunter2")

    assert "hunter2" not in stream.getvalue()


def test_lines_below_the_level_are_not_written(stream: io.StringIO) -> None:
    structlog.get_logger().debug("too.small")

    assert stream.getvalue() == ""


def test_an_exception_is_one_line_with_its_traceback_and_no_secret(stream: io.StringIO) -> None:
    try:
        raise ValueError("broken: redis://:hunter2@127.0.0.1/0")
    except ValueError:
        logging.getLogger("studio.b").exception("failed")

    (line,) = lines(stream)
    assert "ValueError: broken: redis://:[hidden]@127.0.0.1/0" in str(line["exception"])
