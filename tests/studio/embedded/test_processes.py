"""Where a run of Studio listens, and what its processes are told."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from studio.embedded import ports
from studio.embedded.errors import EmbeddedError
from studio.embedded.home import Home
from studio.embedded.processes import FIRST_PORT, Layout, choose_layout, table


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = choose_layout(Home(tmp_path), host="127.0.0.1", port=ports.any_free(), workers=2)
    yield layout
    layout.listener.close()


def test_a_named_port_that_is_taken_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(EmbeddedError, match=f"Port {port} on 127.0.0.1 is taken"):
            choose_layout(Home(tmp_path), host="127.0.0.1", port=port, workers=1)


def test_without_a_named_port_two_runs_get_two(tmp_path: Path) -> None:
    one, two = (choose_layout(Home(tmp_path), host="127.0.0.1", port=None, workers=1) for _ in range(2))
    with one.listener, two.listener:
        assert FIRST_PORT <= one.port < two.port


def test_an_address_of_another_machine_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="an address of this machine"):
        choose_layout(Home(tmp_path), host="192.0.2.1", port=None, workers=1)


def test_a_home_with_a_long_path_has_its_socket_where_the_system_can_open_it(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 90) / "home"
    listener = socket.create_server(("127.0.0.1", 0))
    with listener:
        path = Layout(Home(deep), "127.0.0.1", listener, 5555, 1).web_socket

        assert len(str(path)) <= 100
        assert path != Layout(Home(deep.parent), "127.0.0.1", listener, 5555, 1).web_socket


def test_the_table_names_every_process_once(layout: Layout) -> None:
    names = [process.name for process in table(layout)]

    assert names == ["web", "ingress", "worker-1", "worker-2", "webhook-worker", "scheduler", "flower"]


def test_links_and_origins_name_the_port_that_was_opened(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STUDIO_TRUSTED_ORIGINS", raising=False)
    monkeypatch.delenv("STUDIO_BASE_URL", raising=False)

    told = layout.environment()

    assert told["STUDIO_BASE_URL"] == f"http://127.0.0.1:{layout.port}"
    assert f"http://localhost:{layout.port}" in told["STUDIO_TRUSTED_ORIGINS"].split(",")


def test_what_people_set_themselves_is_left_alone(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_BASE_URL", "https://studio.example")

    assert "STUDIO_BASE_URL" not in layout.environment()
