"""How a URL is read."""

from __future__ import annotations

import pytest

from studio.kernel.errors import Permanent
from studio.outbound.addresses import NOTHING_PRIVATE, parse_networks
from studio.outbound.urls import vet


@pytest.mark.parametrize(
    ("text", "connected"),
    [
        ("http://example.com", "http://example.com/"),
        ("HTTPS://Example.COM./a?b=c#d", "https://example.com/a?b=c"),
        ("https://example.com:8443/a b?q=x y", "https://example.com:8443/a%20b?q=x+y"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        ("http://1.1.1.1:9000", "http://1.1.1.1:9000/"),
        ("http://[2606:4700:4700::1111]:8080/x", "http://[2606:4700:4700::1111]:8080/x"),
        ("http://example.com?a=1", "http://example.com/?a=1"),
        ("http://a_b.example.com/@x:y", "http://a_b.example.com/@x:y"),
    ],
)
def test_an_honest_url_is_read_as_it_is_meant(text: str, connected: str) -> None:
    target = vet(text, NOTHING_PRIVATE)

    assert str(target.url) == connected


def test_a_service_port_of_an_opened_network_is_fine() -> None:
    target = vet("http://10.0.0.7:5432/", parse_networks("10.0.0.0/8"))

    assert (target.host, target.port) == ("10.0.0.7", 5432)


def test_a_service_port_elsewhere_stays_shut_when_a_network_is_opened() -> None:
    with pytest.raises(Permanent) as caught:
        vet("http://1.1.1.1:5432/", parse_networks("10.0.0.0/8"))

    assert caught.value.public_code == "address_blocked"


def test_a_malformed_url_is_told_apart_from_a_forbidden_one() -> None:
    codes = []
    for url in ("http://127.1/", "http://127.0.0.1/"):
        with pytest.raises(Permanent) as caught:
            vet(url, NOTHING_PRIVATE)
        codes.append(caught.value.public_code)

    assert codes == ["invalid_url", "address_blocked"]
