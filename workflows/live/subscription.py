"""A subscription connection to Valkey: RESP over one socket, nothing reconnects behind our back.

A client library that subscribes again by itself hides the gap; here a broken connection raises, and whoever
holds it knows that messages may be missing.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import hiredis

CONNECT_SECONDS: Final = 3.0
PING_SECONDS: Final = 10.0
SILENT_SECONDS: Final = 25.0
CHUNK_BYTES: Final = 64 << 10
_DEFAULT_PORT: Final = 6379


class Subscription:
    """Open with `open_subscription`; `messages` yields replies and pushed messages as lists."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._parser = hiredis.Reader()

    def send(self, *words: str | bytes) -> None:
        if words:
            self._writer.write(hiredis.pack_command(words))  # type: ignore[arg-type] # any number

    async def messages(self) -> AsyncIterator[list[Any]]:
        """Until the connection breaks: ConnectionError, also when the other side fell silent."""
        pinging = asyncio.create_task(self._ping())
        try:
            while True:
                try:
                    async with asyncio.timeout(SILENT_SECONDS):
                        data = await self._reader.read(CHUNK_BYTES)
                except TimeoutError as error:
                    raise ConnectionError("Valkey fell silent") from error
                if not data:
                    raise ConnectionError("Valkey closed the connection")
                self._parser.feed(data)
                while (reply := self._parser.gets()) is not False:
                    if isinstance(reply, hiredis.ReplyError):
                        raise ConnectionError(str(reply))
                    if isinstance(reply, list):
                        yield reply
        finally:
            pinging.cancel()

    def close(self) -> None:
        self._writer.close()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            self.send("PING")


async def open_subscription(url: str) -> Subscription:
    """Connect and sign in; raise OSError (TimeoutError is one)."""
    parts = urlsplit(url)
    async with asyncio.timeout(CONNECT_SECONDS):
        if parts.scheme == "unix":
            reader, writer = await asyncio.open_unix_connection(unquote(parts.path))
        else:
            secure = ssl.create_default_context() if parts.scheme == "rediss" else None
            reader, writer = await asyncio.open_connection(
                parts.hostname, parts.port or _DEFAULT_PORT, ssl=secure
            )
    subscription = Subscription(reader, writer)
    if parts.password:
        user = [unquote(parts.username)] if parts.username else []
        subscription.send("AUTH", *user, unquote(parts.password))
    return subscription
