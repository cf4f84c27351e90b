"""JSON, fingerprints and encodings."""

from __future__ import annotations

import base64 as base64_codec
import binascii
import hashlib
import hmac
import html
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import orjson

from workflows.engine.expressions.arguments import mapping, one_of, scalar_text, text
from workflows.engine.expressions.errors import ExpressionError
from workflows.engine.expressions.frame import MAX_NESTING, MAX_RESULT_BYTES, Frame
from workflows.engine.expressions.registry import function
from workflows.engine.expressions.values import json_text, nesting

_URL_SAFE = str.maketrans("-_", "+/")


@function('{"a": [1, null]} | json', '{"a":[1,null]}')
def json(frame: Frame, value: Any) -> str:
    """Write a value as compact JSON."""
    return json_text(frame, value)


@function('"[1, 2.5, null]" | from_json', [1, 2.5, None])
def from_json(frame: Frame, text_: Any) -> Any:
    """Read a value from JSON text."""
    source = text(text_)
    if len(source) > MAX_RESULT_BYTES:
        raise ExpressionError("the text is larger than 1 MiB.")
    # The worst text makes an empty list of every third character.
    frame.spend(len(source) >> 5)
    try:
        value = orjson.loads(source)
    except orjson.JSONDecodeError:
        raise ExpressionError("the text is not JSON.") from None
    if nesting(value, MAX_NESTING) > MAX_NESTING:
        raise ExpressionError(f"the JSON is nested more than {MAX_NESTING} deep.")
    return value


@function('"abc" | sha256', "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
def sha256(frame: Frame, text_: Any) -> str:
    """Give the SHA-256 fingerprint of text as 64 hexadecimal digits."""
    return hashlib.sha256(_encoded(frame, text(text_))).hexdigest()


@function('"abc" | hmac_sha256("key")', "9c196e32dc0175f86f4b1cb89289d6619de6bee699e4c378e68309ed97a1a6ab")
def hmac_sha256(frame: Frame, text_: Any, key: Any, form: Any = "hex") -> str:
    """Sign text with a key (HMAC-SHA-256), as `"hex"` or `"base64"`."""
    secret = _encoded(frame, text(key, "the key"))
    signature = hmac.new(secret, _encoded(frame, text(text_)), hashlib.sha256).digest()
    if one_of(form, "the form", ("hex", "base64")) == "hex":
        return signature.hex()
    return base64_codec.b64encode(signature).decode()


@function('"Grüße" | base64', "R3LDvMOfZQ==")
def base64(frame: Frame, text_: Any) -> str:
    """Write text (as UTF-8) in base64."""
    data = _encoded(frame, text(text_))
    frame.make_text(4 * len(data) // 3)
    return base64_codec.b64encode(data).decode()


@function('"R3LDvMOfZQ==" | unbase64', "Grüße")
def unbase64(frame: Frame, text_: Any) -> str:
    """Read text from base64, standard or for URLs, with or without padding."""
    source = text(text_)
    frame.make_text(len(source))
    plain = source.translate(_URL_SAFE).rstrip("=")
    try:
        return base64_codec.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        raise ExpressionError("the text is not UTF-8 in base64.") from None


@function('"a b&c" | url_encode', "a%20b%26c")
def url_encode(frame: Frame, value: Any) -> str:
    """Escape text for use in a URL, or make a query string of an object."""
    if type(value) is not dict:
        return _quoted(frame, scalar_text(frame, value))
    pairs = mapping(frame, value).items()
    parts = [f"{_quoted(frame, key)}={_quoted(frame, scalar_text(frame, each))}" for key, each in pairs]
    frame.make_text(sum(map(len, parts)) + len(parts))
    return "&".join(parts)


@function('"a%20b+c" | url_decode', "a b c")
def url_decode(frame: Frame, text_: Any) -> str:
    """Undo the escapes of a URL; `+` is a space."""
    source = text(text_)
    frame.make_text(len(source))
    try:
        return unquote_to_bytes(source.replace("+", " ")).decode()
    except UnicodeError:
        raise ExpressionError("the text is not UTF-8.") from None


@function("'<b>\"R&D\"</b>' | escape_html", "&lt;b&gt;&quot;R&amp;D&quot;&lt;/b&gt;")
def escape_html(frame: Frame, text_: Any) -> str:
    """Escape text so that it shows as itself inside HTML."""
    source = scalar_text(frame, text_)
    frame.make_text(len(source) + 5 * sum(map(source.count, "&<>\"'")))
    return html.escape(source)


def _quoted(frame: Frame, value: str) -> str:
    quoted = quote(_encoded(frame, value), safe="")
    frame.make_text(len(quoted))
    return quoted


def _encoded(frame: Frame, value: str) -> bytes:
    frame.make_text(len(value))
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise ExpressionError("lone surrogates are not text.") from None
