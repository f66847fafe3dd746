"""Drives a conversation in a thread, with blocking sockets."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading

from kvmon_client.effects import PIECE, Close, Conversation, Effect, Load, Open, Receive, Rest, Send, trusted

log = logging.getLogger("kvmon_client")


class Worker:
    """A thread of its own, until the conversation ends or `stop`."""

    def __init__(self, name: str, conversation: Conversation, *, tls: ssl.SSLContext | None = None) -> None:
        self._conversation = conversation
        self._tls = tls
        self._over = threading.Event()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def join(self, within: float) -> None:
        """Wait for its end, for so many seconds at most."""
        if self._thread is not threading.current_thread():
            self._thread.join(within)

    def stop(self) -> None:
        """Have it end: at once, unless it is just connecting."""
        self._over.set()
        if (connection := self._socket) is not None:
            with contextlib.suppress(OSError, ValueError):
                connection.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        answer: bytes | None = None
        error: OSError | None = None
        try:
            while not self._over.is_set():
                effect = self._conversation.throw(error) if error else self._conversation.send(answer)
                answer, error = None, None
                try:
                    answer = self._perform(effect)
                except OSError as failure:
                    error = failure
                except ValueError as failure:  # host names that are none
                    error = OSError(str(failure))
        except StopIteration:
            pass
        except Exception:
            log.exception("%s ended: breakers are unknown from when the lease ends", self._thread.name)
        finally:
            self._close()

    def _perform(self, effect: Effect) -> bytes | None:
        match effect:
            case Open(host, port, tls, within):
                self._close()
                self._socket = socket.create_connection((host, port), timeout=within)
                if tls:
                    self._socket = (self._tls or trusted()).wrap_socket(self._socket, server_hostname=host)
            case Send(data):
                self._connected().sendall(data)
            case Receive(within):
                connection = self._connected()
                connection.settimeout(max(within, 0.001))
                return connection.recv(PIECE)
            case Close():
                self._close()
            case Load(path):
                return path.read_bytes()
            case Rest(seconds):
                self._over.wait(seconds)
        return None

    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionError("there is no connection")
        return self._socket

    def _close(self) -> None:
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()
