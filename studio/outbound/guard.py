"""The two places where a forbidden address is stopped: the answer of a name server, and the socket itself.

Both are needed. The first refuses a name when any of its addresses is forbidden; the second sees literal
addresses, which are never resolved, and is given exactly the address about to be connected to, so that a name
that changes its answer in between gains nothing.
"""

from __future__ import annotations

import socket
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from studio.outbound.addresses import AllowedNetworks, parse_address
from studio.outbound.urls import may_connect


class AddressRefused(Exception):
    """Not an OSError on purpose: the connector would go on to the name's next address."""


class VettingResolver(AbstractResolver):
    """Resolve with the system's resolver, then refuse the whole name if one answer is forbidden."""

    def __init__(self, allowed_networks: AllowedNetworks, resolver: AbstractResolver | None = None) -> None:
        self._allowed_networks = allowed_networks
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        answers = await self._resolver.resolve(host, port, family)
        for answer in answers:
            vet_address(answer["host"], port, self._allowed_networks)
        return answers

    async def close(self) -> None:
        await self._resolver.close()


def vet_address(text: str, port: int, allowed_networks: AllowedNetworks) -> None:
    """Raise AddressRefused unless a socket to this address and port may be opened."""
    address = parse_address(text)
    if address is None or not may_connect(address, port, allowed_networks):
        raise AddressRefused


def open_vetted_socket(addr_info: tuple[Any, ...], allowed_networks: AllowedNetworks) -> socket.socket:
    """Open a socket for the address it is about to be connected to, if that address may be reached."""
    family, kind, protocol, _, peer = addr_info
    if family not in (socket.AF_INET, socket.AF_INET6):
        raise AddressRefused
    vet_address(str(peer[0]), int(peer[1]), allowed_networks)
    return socket.socket(family=family, type=kind, proto=protocol)
