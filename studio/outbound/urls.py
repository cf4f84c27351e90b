"""Reading a URL so that what is vetted is what is connected to.

Two parsers that disagree about the host are the classic way around an address check, so a URL is taken apart
here once, by a strict reading that refuses whatever two parsers could read differently.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import idna
from yarl import URL

from studio.kernel.errors import Category, Permanent
from studio.outbound.addresses import Address, AllowedNetworks, is_allowed, is_opened, parse_address

MAX_URL_CHARS = 8192
DEFAULT_PORTS = {"http": 80, "https": 443}
# Ports from 1024 on are open except where a store or an operations console listens by default: a public
# address with one of them is more likely a mistake or an attack than a web service.
_SERVICE_PORTS = frozenset(
    {
        1080, 1433, 1434, 1521, 1723, 1883, 2049, 2181, 2375, 2376, 2379, 2380, 2483, 2484, 3128, 3260, 3306,
        3389, 4369, 4444, 4786, 5432, 5433, 5555, 5601, 5672, 5671, 5900, 5901, 5984, 5985, 5986, 6000, 6379,
        6380, 6443, 6432, 6660, 6666, 6667, 6668, 6669, 6697, 7000, 7001, 8086, 8500, 9042, 9092, 9160, 9200,
        9300, 10250, 10255, 11211, 15672, 16379, 25672, 26379, 26257, 27017, 27018, 28017, 50000, 61616,
    }
)  # fmt: skip
_PRIVILEGED_PORTS = frozenset({80, 443})
_SHAPE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)(.*)", re.DOTALL)
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\\\u2028\u2029]")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Dots that IDNA reads as a full stop although they are none.
_FOREIGN_DOTS = frozenset("\u3002\uff0e\uff61")


@dataclass(frozen=True)
class Target:
    """A vetted URL; `address` is set when the host is a literal."""

    url: URL
    host: str
    port: int
    address: Address | None


def vet(text: str, allowed_networks: AllowedNetworks) -> Target:
    """Take the URL apart; raise `invalid_url` when malformed and `address_blocked` when forbidden."""
    if len(text) > MAX_URL_CHARS:
        raise invalid_url(f"it is longer than {MAX_URL_CHARS} characters")
    if _UNSAFE.search(text):
        raise invalid_url("it holds a control character or a backslash")
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise invalid_url("it must begin with http:// or https:// and a host")
    scheme, rest = shape[1].lower(), shape[3]
    if scheme not in DEFAULT_PORTS:
        raise invalid_url("only http and https are spoken")
    host_text, port = _split_authority(shape[2], DEFAULT_PORTS[scheme])
    host, address = _read_host(host_text)
    _vet_port(port, host, address, allowed_networks)
    if address is not None and not may_connect(address, port, allowed_networks):
        raise address_blocked(host)
    return Target(url=_build(scheme, host, address, port, rest), host=host, port=port, address=address)


def may_connect(address: Address, port: int, allowed_networks: AllowedNetworks) -> bool:
    """The one rule for a socket about to be opened."""
    if not is_allowed(address, allowed_networks):
        return False
    return is_usual_port(port) or is_opened(address, allowed_networks)


def is_usual_port(port: int) -> bool:
    """Whether web services listen here."""
    return port in _PRIVILEGED_PORTS or (port >= 1024 and port not in _SERVICE_PORTS)


def invalid_url(reason: str) -> Permanent:
    """A URL nobody could call."""
    return Permanent(
        reason=f"The URL cannot be used: {reason}.", category=Category.BAD_INPUT, error_code="invalid_url"
    )


def address_blocked(host: str) -> Permanent:
    """One answer for every refused target, so that it tells nothing about the network behind."""
    return Permanent(
        reason=f"{host} may not be called from here: private and reserved addresses are refused.",
        category=Category.BAD_INPUT,
        error_code="address_blocked",
    )


def _split_authority(authority: str, default_port: int) -> tuple[str, int]:
    if "@" in authority:
        raise invalid_url("a user name or password in it is refused; use a credential")
    if authority.startswith("["):
        host, bracket, tail = authority.partition("]")
        if not bracket or (tail and not tail.startswith(":")):
            raise invalid_url("its IPv6 address is not closed by a bracket")
        host, port_text = host + bracket, tail[1:]
    else:
        host, _, port_text = authority.partition(":")
    if not port_text:
        return host, default_port
    if not (port_text.isascii() and port_text.isdigit() and len(port_text) <= 5):
        raise invalid_url("its port is not a number")
    port = int(port_text)
    if not 1 <= port <= 65535:
        raise invalid_url("its port is not between 1 and 65535")
    return host, port


def _read_host(text: str) -> tuple[str, Address | None]:
    if text.startswith("["):
        address = parse_address(text[1:-1])
        if address is None or address.version != 6 or "%" in text:
            raise invalid_url("its IPv6 address is malformed")
        return str(address), address
    name = _to_ascii(text).removesuffix(".")
    if not name:
        raise invalid_url("it names no host")
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise invalid_url("its host name is malformed")
    if not _NUMBER.fullmatch(labels[-1]):
        return name, None
    address = parse_address(name)
    if address is None:
        # `127.1`, `0177.0.0.1`, `2130706433`: resolvers read them as addresses, each in its own way.
        raise invalid_url("its IPv4 address is not written as four decimal numbers")
    return name, address


def _to_ascii(host: str) -> str:
    lowered = host.lower()
    if lowered.isascii():
        return lowered
    if _FOREIGN_DOTS & set(lowered) or unicodedata.normalize("NFKC", lowered) != lowered:
        # Full-width and circled characters turn into ASCII on the way: `①②⑦.⓪.⓪.①` is 127.0.0.1.
        raise invalid_url("its host name holds look-alike characters")
    try:
        return idna.encode(lowered).decode("ascii")
    except idna.IDNAError as error:
        raise invalid_url("its host name is not a valid international name") from error


def _vet_port(port: int, host: str, address: Address | None, allowed_networks: AllowedNetworks) -> None:
    # A name may still resolve into a network the operator opened, and there every port is fine.
    may_be_opened = bool(allowed_networks) if address is None else is_opened(address, allowed_networks)
    if not is_usual_port(port) and not may_be_opened:
        raise address_blocked(f"{host} port {port}")


def _build(scheme: str, host: str, address: Address | None, port: int, rest: str) -> URL:
    literal = f"[{host}]" if address is not None and address.version == 6 else host
    tail = rest.partition("#")[0]
    try:
        return URL(f"{scheme}://{literal}:{port}{tail if tail.startswith('/') else '/' + tail}")
    except ValueError as error:
        raise invalid_url("its path or query is malformed") from error
