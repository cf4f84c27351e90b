"""Webhook signatures against the published vectors and the reference library."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from studio.kernel.signing import (
    Refusal,
    github_signature,
    standard_key,
    standard_signature,
    verify_github,
    verify_hmac,
    verify_standard,
    verify_token,
)

VECTORS = [
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
        b'{"test": 2432232314}', "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    (
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1649367553,
        b'{"email":"test@example.com","username":"test_user"}',
        "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
    ),
    (
        "whsec_plJ3nmyCDGBKInavdOK15jsl", "msg_loFOjxBNrRLzqYUf", 1731705121,
        b'{"event_type":"ping","data":{"success":true}}', "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
    ),
]  # fmt: skip
SECRET, MESSAGE, AT, BODY, SIGNATURE = VECTORS[0]
GITHUB = [
    ("It's a Secret to Everybody", b"Hello, World!",
     "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"),
    ("mysecret", b'{"foo":"bar"}', "4864d2759938a15468b5df9ade20bf161da9b4f737ea61794142f3484236bda3"),
    ("mysecret", b'{\n  "foo": "bar"\n}\n',
     "e3eccac34c43c7dc1cbb905488b1b81347fcc700a7b025697a9d07862256023f"),
    ("Convoy", b"Test Payload Body", "d7a154547e7c35e31c4c820e20237650939c3d34dae136e30a7757ca61abb4cf"),
]  # fmt: skip


def verdict(
    *,
    message_id: bytes | None = MESSAGE.encode(),
    timestamp: bytes | None = str(AT).encode(),
    signatures: bytes | None = SIGNATURE.encode(),
    body: bytes = BODY,
    secrets: tuple[str, ...] = (SECRET,),
    now: float = AT,
) -> Refusal | None:
    return verify_standard(
        message_id=message_id, timestamp=timestamp, signatures=signatures, body=body, secrets=secrets, now=now
    )


@pytest.mark.parametrize(("secret", "message", "at", "body", "signature"), VECTORS)
def test_standard_webhooks_vectors_hold(
    secret: str, message: str, at: int, body: bytes, signature: str
) -> None:
    key = standard_key(secret)
    assert key is not None

    assert standard_signature(key, message_id=message, timestamp=at, body=body) == signature
    assert verdict(
        message_id=message.encode(), timestamp=str(at).encode(), signatures=signature.encode(), body=body,
        secrets=(secret,), now=at,
    ) is None  # fmt: skip


def test_our_signature_satisfies_the_reference_library_and_its_signature_us() -> None:
    key = standard_key(SECRET)
    assert key is not None
    theirs = Webhook(SECRET).sign(MESSAGE, datetime.fromtimestamp(AT, UTC), BODY.decode())

    assert theirs == standard_signature(key, message_id=MESSAGE, timestamp=AT, body=BODY)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"signatures": SIGNATURE[:-2].encode() + b"A="}, Refusal.BAD_SIGNATURE),
        ({"signatures": b"v1,"}, Refusal.BAD_SIGNATURE),
        ({"signatures": SIGNATURE[:11].encode()}, Refusal.BAD_SIGNATURE),
        ({"signatures": SIGNATURE.replace("v1,", "v2,").encode()}, Refusal.BAD_SIGNATURE),
        ({"signatures": b"\xff\x00 garbage v1 v1,a,b"}, Refusal.BAD_SIGNATURE),
        ({"signatures": None}, Refusal.NO_SIGNATURE),
        ({"message_id": None}, Refusal.NO_ID),
        ({"timestamp": None}, Refusal.NO_TIMESTAMP),
        ({"body": BODY + b" "}, Refusal.BAD_SIGNATURE),
        ({"now": AT + 301}, Refusal.TOO_OLD),
        ({"now": AT - 301}, Refusal.TOO_NEW),
        ({"secrets": ()}, Refusal.NO_SECRET),
        ({"secrets": ("",)}, Refusal.NO_SECRET),
        ({"secrets": ("whsec_",)}, Refusal.NO_SECRET),
        ({"secrets": ("hwsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",)}, Refusal.NO_SECRET),
        ({"secrets": ("whsec_" + "QUFB" * 22,)}, Refusal.NO_SECRET),
    ],
)
def test_anything_short_of_proof_is_refused_for_its_reason(
    changed: dict[str, object], reason: Refusal
) -> None:
    assert verdict(**changed) == reason  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "timestamp", [b"nan", b"inf", b"-1", b"1.5", b"1e9", b" 1614265330", b"9" * 13, b"\xd9\xa1"]
)
def test_a_timestamp_is_whole_seconds_and_nothing_else(timestamp: bytes) -> None:
    assert verdict(timestamp=timestamp) is Refusal.BAD_TIMESTAMP


def test_one_good_signature_among_others_suffices_and_so_does_one_of_two_live_secrets() -> None:
    listed = b"v1,bad v2,x " + SIGNATURE.encode()

    assert verdict(signatures=listed, secrets=(VECTORS[1][0], SECRET)) is None


def test_a_secret_without_prefix_or_padding_is_accepted() -> None:
    assert verdict(secrets=(SECRET.removeprefix("whsec_"),)) is None


@pytest.mark.parametrize(("secret", "body", "digest"), GITHUB)
def test_github_vectors_hold(secret: str, body: bytes, digest: str) -> None:
    assert github_signature(secret, body) == f"sha256={digest}"
    assert verify_github(b"sha256=" + digest.encode(), body, ["other", secret]) is None
    assert verify_github(digest.encode(), body, [secret]) is Refusal.BAD_SIGNATURE
    assert verify_github(b"sha1=" + digest.encode(), body, [secret]) is Refusal.BAD_SIGNATURE


def test_other_encodings_and_digests_of_an_hmac_are_understood() -> None:
    body, shopify = b"Test Payload Body", b"16FUVH58NeMcTIIOICN2UJOcPTTa4TbjCndXymGrtM8="
    long = (
        b"83306382f5361d35351d6de45998f23b52f40bcf96befe4e92f137c0f1bf4a71"
        b"19388b238d8f9d502ac77e6f1a8849a4778272667ed88d530cac8050bd1fee2d"
    )

    assert verify_hmac(shopify, body, ["Convoy"], encoding="base64") is None
    assert verify_hmac(long, body, ["Convoy"], algorithm="sha512") is None
    assert verify_hmac(shopify, body, ["Convoy"]) is Refusal.BAD_SIGNATURE


def test_a_token_may_stand_alone_or_as_a_bearer() -> None:
    assert verify_token(b"t0ken", ["t0ken"]) is None
    assert verify_token(b"Bearer t0ken", ["old", "t0ken"]) is None
    assert verify_token(b"t0ke", ["t0ken"]) is Refusal.BAD_SIGNATURE
    assert verify_token(None, ["t0ken"]) is Refusal.NO_SIGNATURE
    assert verify_token(b"", ["t0ken"]) is Refusal.NO_SIGNATURE
    assert verify_token(b"x", [" "]) is Refusal.NO_SECRET


headers = st.none() | st.binary(max_size=200)


@given(headers, headers, headers, st.binary(max_size=300), st.lists(st.text(max_size=80), max_size=3))
def test_no_hostile_input_passes_or_raises(
    message_id: bytes | None,
    timestamp: bytes | None,
    signature: bytes | None,
    body: bytes,
    secrets: list[str],
) -> None:
    assert (
        verify_standard(
            message_id=message_id,
            timestamp=timestamp,
            signatures=signature,
            body=body,
            secrets=secrets,
            now=AT,
        )
        is not None
    )
    assert verify_github(signature, body, secrets) is not None
    assert verify_hmac(signature, body, secrets, encoding="base64", prefix="v0=") is not None
