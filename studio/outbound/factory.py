"""The client as this installation is configured."""

from __future__ import annotations

from functools import cache

from studio.outbound.addresses import AllowedNetworks, parse_networks
from studio.outbound.client import OutboundClient


def from_settings() -> OutboundClient:
    """A new client; long-lived processes share the one of `shared()`."""
    return OutboundClient(allowed_networks())


@cache
def shared() -> OutboundClient:
    """The process's one client."""
    return from_settings()


def allowed_networks() -> AllowedNetworks:
    """What the operator opened beside the public internet; raise ValueError for a malformed setting."""
    # Read late: the client and its rules are used where Django is not set up.
    from django.conf import settings

    return parse_networks(settings.STUDIO_ALLOW_PRIVATE_NETWORKS)
