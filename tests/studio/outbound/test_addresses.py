"""Which addresses may be reached."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.outbound.addresses import EVERYTHING, is_allowed, is_opened, parse_networks

FORBIDDEN = """
0.0.0.0 0.1.2.3 127.0.0.1 127.254.254.254 10.0.0.1 172.16.5.4 192.168.1.1 100.64.0.1 169.254.1.1
169.254.169.254 192.0.0.0 192.0.0.255 192.0.2.255 198.51.100.65 203.0.113.6 192.88.99.1 198.18.0.0 224.0.0.1
233.252.0.16 239.255.255.250 240.240.240.240 255.255.255.255 ::1 :: 1::1 0:0:0:1::1 ff:ffff::1 fc00::1
fdee:3a45:9057::1 fd7a:115c:a1e0::1 fd00:ec2::254 fe80::1 febf:ffff::dead:beef ::ffff:127.0.0.1
::ffff:169.254.169.254 ::ffff:0.0.0.1 64:ff9b:1::1 64:ff9b:0:1::1 100::1 fec0::1 5f00::1 ff02::1 ff0e::1
2001::1 2001:1ff::1 2001:db8::1 3fff::1 3fff:fff::1 64:ff9b::a9fe:a9fe 64:ff9b::7f00:1 64:ff9b::a00:1
64:ff9b::e000:1 64:ff9b::c058:6301 64:ff9b:: 2002:a9fe:a9fe::1 2002:7f00:1::1 2002:c0a8:1::1 2002:5db8:d822::1
::7f00:1 ::a9fe:a9fe ::ffff:0:7f00:1 ::ffff:0:a9fe:a9fe ::ffff:0:5db8:d822 ::5efe:7f00:1 ::5efe:a9fe:a9fe
168.63.129.16 192.0.0.192 100.100.100.200 fe80::1%lo 2001::80ff:fffe
"""
ALLOWED = """
1.1.1.1 8.8.8.8 93.184.216.34 192.88.98.255 192.88.100.1 223.255.255.255 2606:4700:4700::1111
2001:4860:4860::8888 100:0:0:1::1 64:ff9b::5db8:d822 64:ff9b::101:101 2001:1::1 2001:1::2 2001:3::1
2001:4:112::1 2001:20::1 2001:2f::1 2001:200::1 3fff:1000::1 ::ffff:8.8.8.8
"""


@pytest.mark.parametrize("text", FORBIDDEN.split())
def test_what_is_not_public_is_refused(text: str) -> None:
    assert not is_allowed(ip_address(text))


@pytest.mark.parametrize("text", ALLOWED.split())
def test_what_is_public_is_reached(text: str) -> None:
    assert is_allowed(ip_address(text))


@pytest.mark.parametrize("text", ["127.0.0.1", "::ffff:127.0.0.1"])
def test_an_opened_network_is_reached_in_either_spelling(text: str) -> None:
    opened = parse_networks("127.0.0.0/8")

    assert (is_allowed(ip_address(text), opened), is_opened(ip_address(text), opened)) == (True, True)


@pytest.mark.parametrize("text", ["10.0.0.1", "::1", "64:ff9b::7f00:1", "::7f00:1", "2002:7f00:1::1"])
def test_opening_one_network_opens_no_other_form_of_it(text: str) -> None:
    assert not is_allowed(ip_address(text), parse_networks("127.0.0.0/8"))


def test_a_star_opens_everything() -> None:
    assert parse_networks(" 10.0.0.0/8 , * ") == EVERYTHING


def test_no_text_opens_nothing() -> None:
    assert parse_networks(" ") == ()


def test_a_network_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/99"):
        parse_networks("10.0.0.0/99")


@given(st.integers(0, 2**32 - 1))
def test_a_mapped_address_has_the_verdict_of_its_ipv4_address(value: int) -> None:
    plain = ip_address(value)

    assert is_allowed(ip_address(f"::ffff:{plain}")) == is_allowed(plain)
