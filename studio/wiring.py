"""The one place where a lower layer's Protocol meets its implementation; run once, when all apps are loaded."""

from __future__ import annotations

from studio.accounts import trail
from studio.accounts.services.demo import furnish_with
from studio.operations.services.breakers import release_with
from studio.security.services import audit
from studio.security.services.vault import Vault
from webhooks.inbound.processing import StoredEvents
from webhooks.inbound.sources import PublishedSources
from workflows.runtime.ports import bound
from workflows.services.breakers import release_parked
from workflows.services.demo import furnish_demo


def wire() -> None:
    trail.bind(audit.record)
    bound.credentials = Vault()
    bound.events = StoredEvents()
    bound.webhook_sources = PublishedSources()
    furnish_with(furnish_demo)
    release_with(release_parked)
