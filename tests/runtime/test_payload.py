"""Documents as rows hold them."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from studio.common.renderers import dumps
from studio.kernel import codec
from studio.kernel.ids import uuid7
from workflows.runtime import payload


@pytest.mark.parametrize(
    "document", ["x" * 100_000, [[n, n / 7, None] for n in range(9_000)], {"$blob": "ü" * 70_000}]
)
def test_a_reference_tells_the_size_and_fingerprint_of_the_bytes_that_clients_read(document: Any) -> None:
    stored = payload.store(document, workspace_id=uuid7(), execution_id=uuid7())

    assert stored.blob is not None
    told, read = codec.decode(stored.data)["$blob"], dumps(codec.decode(stored.blob.body))
    assert (told["size_bytes"], told["sha256"]) == (len(read), hashlib.sha256(read).hexdigest())
    assert (stored.blob.size_bytes, stored.blob.sha256) == (told["size_bytes"], told["sha256"])
