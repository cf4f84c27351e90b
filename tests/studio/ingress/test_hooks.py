"""`/hooks/{token}` at the front door."""

from __future__ import annotations

import threading
import time
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.accounts.models import Workspace
from studio.kernel.signing import github_signature, standard_key, standard_signature
from studio.security.services.credentials import create_credential
from tests.studio.accounts.people import Person
from tests.studio.ingress.servers import Reply, Server
from webhooks.models import Event, Source
from workflows.services.versions import publish_workflow
from workflows.services.workflows import create_workflow, pause_workflow, resume_workflow

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def published(workspace: Workspace, person: Person, **params: Any) -> Source:
    """The source of a published workflow with one webhook trigger."""
    if params.get("authentication", "none") != "none":
        credential = create_credential(
            workspace=workspace,
            name="shared",
            kind="webhook.secret",
            fields={"secret": SECRET},
            by=access(person),
        )
        params["credential"] = str(credential.pk)
    definition = {
        "schema": "studio/1",
        "nodes": [{"id": "hook", "kind": "trigger.webhook", "params": params}],
        "edges": [],
    }
    workflow = create_workflow(workspace=workspace, by=access(person), name="Hooked", definition=definition)
    publish_workflow(workspace=workspace, workflow_id=workflow.pk, by=access(person))
    return Source.objects.get(workflow=workflow)


def access(person: Person) -> Any:
    from studio.accounts.api.authentication import access_of_user

    return access_of_user(person.user, person.workspace.slug)


def call(
    server: Server, source: Source, body: Any = b"{}", headers: dict[str, str] | None = None, method: str = "POST",
    rest: str = "",
) -> Reply:  # fmt: skip
    return server.send(method, f"/hooks/{source.token}{rest}", body, headers)


def refused() -> list[str | None]:
    """Reasons of the refused events, waited for: they are stored after the answer."""
    deadline = time.monotonic() + 3
    while not Event.objects.filter(status="refused").exists() and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    return list(Event.objects.filter(status="refused").values_list("reason", flat=True))


def test_an_event_is_stored_as_it_came_before_it_is_acknowledged(
    ingress: Server, acme: Workspace, bob: Person
) -> None:
    source = published(acme, bob)

    reply = call(
        ingress, source, b'{"a":  1}', {"Content-Type": "application/json", "X-Kind": "push", "Cookie": "s=1"},
        rest="/orders/new?x=1&x=2",
    )  # fmt: skip

    event = Event.objects.get()
    assert (reply.status, reply.document) == (202, {"id": str(event.pk)})
    assert (event.status, event.method, event.path, event.query) == (
        "stored",
        "POST",
        "/orders/new",
        "x=1&x=2",
    )
    assert bytes(event.body) == b'{"a":  1}'
    assert (event.headers["x-kind"], event.headers["cookie"]) == ("push", "[hidden]")
    assert (event.workspace_id, event.source_id, event.workflow_id, event.node) == (
        acme.pk, source.pk, source.workflow_id, "hook",
    )  # fmt: skip


def test_unknown_addresses_and_methods_are_refused_and_leave_nothing(
    ingress: Server, acme: Workspace, bob: Person
) -> None:
    source = published(acme, bob, methods=["POST", "PUT"])

    unknown = ingress.send("POST", "/hooks/" + "a" * 32, b"{}")
    odd = ingress.send("POST", "/hooks/%00%ff/../x", b"{}")
    method = call(ingress, source, None, method="GET")

    assert [unknown.status, odd.status, method.status] == [404, 404, 405]
    assert method.headers["allow"] == "POST, PUT"
    assert not Event.objects.exists()


def test_a_paused_workflow_takes_no_events(ingress: Server, acme: Workspace, bob: Person) -> None:
    source = published(acme, bob)
    pause_workflow(workspace=acme, workflow_id=source.workflow_id, by=access(bob))

    assert call(ingress, source).status == 404
    assert not Event.objects.exists()


def test_a_resumed_workflow_takes_events_at_once(ingress: Server, acme: Workspace, bob: Person) -> None:
    source = published(acme, bob)
    pause_workflow(workspace=acme, workflow_id=source.workflow_id, by=access(bob))
    while_paused = call(ingress, source).status
    resume_workflow(workspace=acme, workflow_id=source.workflow_id, by=access(bob))

    assert (while_paused, call(ingress, source).status) == (404, 202)


def test_a_signed_push_is_accepted_and_an_unsigned_one_refused_with_its_reason(
    ingress: Server, acme: Workspace, bob: Person
) -> None:
    source = published(acme, bob, authentication="github")
    body = b'{"ref": "refs/heads/main"}'

    signed = call(ingress, source, body, {"X-Hub-Signature-256": github_signature(SECRET, body)})
    unsigned = call(ingress, source, body)
    weaker = call(ingress, source, body, {"X-Hub-Signature": "sha1=0123456789"})

    assert [signed.status, unsigned.status, weaker.status] == [202, 401, 401]
    assert refused()[0] == "signature_missing"
    assert Event.objects.filter(status="stored").count() == 1


def test_a_provider_that_only_tries_the_address_starts_nothing(
    ingress: Server, acme: Workspace, bob: Person
) -> None:
    source = published(acme, bob, authentication="github")

    reply = call(
        ingress, source, b"{}",
        {"X-Hub-Signature-256": github_signature(SECRET, b"{}"), "X-GitHub-Event": "ping"},
    )  # fmt: skip

    assert reply.status == 202
    assert Event.objects.values_list("status", "reason").get() == ("processed", "handshake")


def test_the_same_delivery_twice_is_one_event(ingress: Server, acme: Workspace, bob: Person) -> None:
    source = published(acme, bob, authentication="standard_webhooks")
    key, now = standard_key(SECRET), int(time.time())
    assert key is not None
    signature = standard_signature(key, message_id="msg_1", timestamp=now, body=b"{}")
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(now), "webhook-signature": signature}
    replies: list[Reply] = []

    threads = [
        threading.Thread(target=lambda: replies.append(call(ingress, source, b"{}", headers)))
        for _ in range(100)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    event = Event.objects.get()
    assert sorted(reply.status for reply in replies) == [200] * 99 + [202]
    assert {reply.document["id"] for reply in replies} == {str(event.pk)}
    assert event.dedup_key == "msg_1"


def test_a_refused_request_does_not_use_up_the_key_of_a_true_one(
    ingress: Server, acme: Workspace, bob: Person
) -> None:
    source = published(acme, bob, authentication="github")
    genuine = {"X-Hub-Signature-256": github_signature(SECRET, b"{}"), "X-GitHub-Delivery": "d1"}

    forged = call(ingress, source, b"{}", {**genuine, "X-Hub-Signature-256": "sha256=00"})

    assert forged.status == 401
    assert call(ingress, source, b"{}", genuine).status == 202


@pytest.mark.parametrize("authentication", ["github", "standard_webhooks", "hmac", "token"])
def test_a_source_whose_secret_is_gone_believes_nobody(
    ingress: Server, acme: Workspace, bob: Person, authentication: str
) -> None:
    source = published(acme, bob, authentication=authentication)
    Source.objects.update(credential_id=None)
    body = b"{}"

    reply = call(
        ingress, source, body,
        {"X-Hub-Signature-256": github_signature("", body), "Authorization": "Bearer ", "X-Signature-256": ""},
    )  # fmt: skip

    assert reply.status == 401
    assert refused() == ["secret_missing"]


def test_an_unknown_scheme_believes_nobody(ingress: Server, acme: Workspace, bob: Person) -> None:
    source = published(acme, bob)
    Source.objects.update(authentication="handshake_only")

    assert call(ingress, source).status == 401
    assert refused() == ["scheme_unknown"]


def test_a_token_is_believed_and_never_kept(ingress: Server, acme: Workspace, bob: Person) -> None:
    source = published(acme, bob, authentication="token")

    assert call(ingress, source, b"{}", {"Authorization": f"Bearer {SECRET}"}).status == 202
    assert call(ingress, source, b"{}", {"Authorization": "Bearer wrong"}).status == 401
    assert SECRET not in str(Event.objects.values_list("headers", flat=True))


def test_a_body_over_the_limit_is_refused_and_noted_without_it(
    ingress: Server, acme: Workspace, bob: Person
) -> None:
    source = published(acme, bob)

    reply = call(ingress, source, b"x" * (2 << 20))

    assert (reply.status, reply.document["code"]) == (413, "too_large")
    assert refused() == ["too_large"]
    assert bytes(Event.objects.get().body) == b""


def test_ids_of_events_are_theirs_alone(ingress: Server, acme: Workspace, bob: Person) -> None:
    source = published(acme, bob)

    ids = {UUID(call(ingress, source).document["id"]) for _ in range(5)}

    assert ids == set(Event.objects.values_list("pk", flat=True))


HOSTILE = st.binary(max_size=60).map(lambda raw: raw.translate(None, b"\r\n\x00").decode("latin-1"))


def test_no_hostile_header_gets_past_or_makes_an_error(ingress: Server, acme: Workspace, bob: Person) -> None:
    source = published(acme, bob, authentication="standard_webhooks")

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(HOSTILE, HOSTILE, HOSTILE, st.binary(max_size=200))
    def hostile(message: str, timestamp: str, signature: str, body: bytes) -> None:
        headers = {"webhook-id": message, "webhook-timestamp": timestamp, "webhook-signature": signature}
        assert call(ingress, source, body, headers).status in (400, 401)

    hostile()
    assert not Event.objects.filter(status="stored").exists()
