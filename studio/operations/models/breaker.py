"""Circuit breakers as all workers share them."""

from __future__ import annotations

from django.db import models

from studio.kernel.breaker import Breaker as State


class Breaker(models.Model):
    """One breaker; without a workspace it is shared by all. A row appears with the first failure.

    Every write adds one to `revision` and is made over the revision it was worked out from. `state` is the
    whole of `studio.kernel.breaker.Breaker`; columns beside it repeat what lists read.
    """

    class Phase(models.TextChoices):
        CLOSED = "closed"
        OPEN = "open"
        HALF_OPEN = "half_open"

    id = models.UUIDField(primary_key=True, editable=False)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    key = models.TextField()
    kind = models.TextField()
    target = models.TextField()
    revision = models.BigIntegerField()
    phase = models.TextField(choices=Phase.choices, default=Phase.CLOSED)
    state = models.JSONField()
    since = models.DateTimeField(help_text="The last change of phase.")
    until = models.DateTimeField(
        null=True, help_text="When an open one is probed or an operator's word lapses."
    )
    error_code = models.TextField(default="", help_text="Of the latest failure that counted.")
    reason = models.TextField(default="", help_text="Why an operator forced it.")
    set_by = models.TextField(default="")
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["key"]
        indexes = [
            # Every worker asks several times a second what changed since it last asked.
            models.Index(fields=["changed_at"], name="breaker_news"),
            models.Index(fields=["workspace", "key"], name="breaker_by_key"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def machine(self) -> State:
        return State.from_document(self.state)
