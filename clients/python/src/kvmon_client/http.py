"""HTTP/1.1 as bytes: a request to send, and a reader of the answer. No I/O: threads and tasks share it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

LONGEST_HEAD = 64 << 10


class BrokenAnswer(OSError):
    """What came back is no HTTP answer, or ended in the middle."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where the daemon is. `headers` go with every request: credentials must not show in any text."""

    host: str
    port: int
    tls: bool
    prefix: str
    headers: Mapping[str, str]

    def __repr__(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self._place}{self.prefix}"

    @property
    def _place(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def request(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
        """The bytes of a request after whose answer the connection ends."""
        lines = [f"{method} {self.prefix}{path} HTTP/1.1", f"Host: {self._place}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in {**self.headers, **(headers or {})}.items()]
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def server_of(url: str, token: str = "") -> Server:
    """From the daemon's URL, with the token or the URL's user and password. Raises ValueError where it is no http URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the address of kvmon is an http:// or https:// URL with a host")
    tls = parts.scheme == "https"
    headers = {"User-Agent": "kvmon-client", "Accept-Encoding": "identity"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    elif parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    if not all(text.isascii() and text.isprintable() for text in (token, parts.path)) or " " in parts.path:
        raise ValueError("the token and the path of kvmon's address are printable ASCII, the path without spaces")
    return Server(parts.hostname, parts.port or (443 if tls else 80), tls, parts.path.rstrip("/"), headers)


class AnswerReader:
    """Feed it what arrives; it gives pieces of the body. `status` is 0 until the head is complete."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.complete = False
        self._buffer = bytearray()
        self._left: int | None = None  # bytes of the body or of its present chunk that are to come; None: until the end
        self._chunked = False

    def feed(self, data: bytes) -> bytes:
        """Raises BrokenAnswer where that is no HTTP."""
        self._buffer += data
        if not self.status and not self._head():
            return b""
        return self._chunks() if self._chunked else self._plain()

    def end(self) -> None:
        """The connection ended. Raises BrokenAnswer unless the answer is complete."""
        if self.status and self._left is None and not self._chunked:
            self.complete = True
        if not self.complete:
            raise BrokenAnswer("the answer ended in the middle")

    def _head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or end > LONGEST_HEAD:
            if len(self._buffer) > LONGEST_HEAD:
                raise BrokenAnswer("the head of the answer does not end")
            return False
        first, *rest = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        words = first.split(" ", 2)
        if len(words) < 2 or not words[0].startswith("HTTP/1.") or not (words[1].isdigit() and len(words[1]) == 3):
            raise BrokenAnswer("what answers does not speak HTTP/1")
        status = int(words[1])
        if 100 <= status < 200:
            return self._head()
        for line in rest:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        self.status = status
        self._chunked = "chunked" in self.headers.get("transfer-encoding", "").lower()
        length = self.headers.get("content-length", "")
        if status in (204, 304):
            self._chunked, self._left = False, 0
        elif self._chunked:
            self._left = 0
        elif length:
            if not (length.isascii() and length.isdigit()):
                raise BrokenAnswer("the length of the answer is no number")
            self._left = int(length)
        return True

    def _plain(self) -> bytes:
        if self._left is None:
            piece = bytes(self._buffer)
        else:
            piece = bytes(self._buffer[: self._left])
            self._left -= len(piece)
            self.complete = self._left == 0
        self._buffer.clear()
        return piece

    def _chunks(self) -> bytes:
        body = bytearray()
        while not self.complete:
            if self._left:
                piece = self._buffer[: self._left]
                body += piece
                del self._buffer[: len(piece)]
                self._left -= len(piece)
                if self._left:
                    break
                self._left = None  # the line end behind the chunk is to come
            elif not self._next_chunk():
                break
        return bytes(body)

    def _next_chunk(self) -> bool:
        """Read the line before a chunk; False where it is not there yet."""
        start = 2 if self._left is None else 0
        end = self._buffer.find(b"\r\n", start)
        if end < 0:
            if len(self._buffer) > LONGEST_HEAD:
                raise BrokenAnswer("the size of a chunk does not end")
            return False
        size = bytes(self._buffer[start:end]).partition(b";")[0].strip()
        if bytes(self._buffer[:start]) not in (b"", b"\r\n") or not size or size.strip(b"0123456789abcdefABCDEF"):
            raise BrokenAnswer("the size of a chunk is no number")
        del self._buffer[: end + 2]
        self._left = int(size, 16)
        self.complete = self._left == 0  # trailers, if any, end with the connection
        return True
