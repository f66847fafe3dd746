"""Drives a conversation in a task of the running event loop."""

from __future__ import annotations

import asyncio
import logging
import ssl

from kvmon_client.effects import PIECE, Close, Conversation, Effect, Load, Open, Receive, Rest, Send, trusted

log = logging.getLogger("kvmon_client")

SEND_WITHIN = 5.0


class Driver:
    """`run` it in a task; cancelling that ends it."""

    def __init__(self, name: str, conversation: Conversation, *, tls: ssl.SSLContext | None = None) -> None:
        self._name = name
        self._conversation = conversation
        self._tls = tls
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def run(self) -> None:
        """Until the conversation ends."""
        answer: bytes | None = None
        error: OSError | None = None
        try:
            while True:
                effect = self._conversation.throw(error) if error else self._conversation.send(answer)
                answer, error = None, None
                try:
                    answer = await self._perform(effect)
                except OSError as failure:
                    error = failure
                except ValueError as failure:  # host names that are none
                    error = OSError(str(failure))
        except StopIteration:
            pass
        except Exception:
            log.exception("%s ended: breakers are unknown from when the lease ends", self._name)
        finally:
            self._close()

    async def _perform(self, effect: Effect) -> bytes | None:
        match effect:
            case Open(host, port, tls, within):
                self._close()
                context = (self._tls or trusted()) if tls else None
                async with asyncio.timeout(within):
                    self._reader, self._writer = await asyncio.open_connection(host, port, ssl=context)
            case Send(data):
                if self._writer is None:
                    raise ConnectionError("there is no connection")
                self._writer.write(data)
                async with asyncio.timeout(SEND_WITHIN):
                    await self._writer.drain()
            case Receive(within):
                if self._reader is None:
                    raise ConnectionError("there is no connection")
                async with asyncio.timeout(within):
                    return await self._reader.read(PIECE)
            case Close():
                self._close()
            case Load(path):
                return await asyncio.to_thread(path.read_bytes)
            case Rest(seconds):
                await asyncio.sleep(seconds)
        return None

    def _close(self) -> None:
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.transport.abort()
