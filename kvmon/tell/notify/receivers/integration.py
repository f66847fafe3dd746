"""What every way of telling has in common: it makes, of a message, what is put on the wire."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Annotated, ClassVar, Self

from pydantic import BeforeValidator, Field, PrivateAttr, SecretStr, model_validator

from kvmon.options import Options, parse_duration
from kvmon.tell.notify.payload import Payload
from kvmon.tell.notify.templates import Library, alertmanagers


@dataclass(frozen=True, slots=True)
class Post:
    """An HTTP request. Any 2xx is success, if its body is one too (`accepts`, where a receiver says no with a 200)."""

    url: str = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 10.0
    accepts: Callable[[bytes], bool] | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """A message for a mail server. `tls`: starttls, tls or none."""

    message: EmailMessage
    recipients: tuple[str, ...]
    host: str
    port: int
    hello: str
    tls: str = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is the same at every try (`id`), and when this try is (`at`, wall seconds)."""

    id: str
    at: float


class Integration(Options, ABC):
    """One way of telling; its fields are its options."""

    kind: ClassVar[str]
    send_resolved: bool = True
    """Whether the end of an alert is told too."""
    _library: Library = PrivateAttr(default_factory=alertmanagers)

    def with_library(self, library: Library) -> Self:
        """The same, with these templates for its texts to include."""
        other = self.model_copy()
        other._library = library  # noqa: SLF001 - our own
        return other

    def writer(self, message: Payload, stamp: Stamp) -> Callable[[str], str]:
        """Makes of the texts of a configuration what they become for this message."""
        return self._library.writer(message, stamp.at)

    @abstractmethod
    def wire(self, message: Payload, stamp: Stamp) -> Post | Mail:
        """What is to be sent. The same message and id give the same content. Raises ValueError for a file that cannot be read."""


def _duration(value: object) -> float:
    return value if isinstance(value, float) else parse_duration(value)


Span = Annotated[float, BeforeValidator(_duration, json_schema_input_type=str), Field(ge=0)]
"""A duration as Prometheus and Alertmanager write it, `0s` included."""


class Secret(Options):
    """A text that is given here, or stands in a file that is read at every use."""

    value: SecretStr | None = None
    file: str | None = None

    @classmethod
    def of(cls, value: SecretStr | None, file: str | None) -> Self:
        """From a pair of options such as `url` and `url_file`."""
        return cls(value=value, file=file)

    def read(self) -> str:
        """Raises ValueError with a sentence that names the file and not what is in it."""
        if self.file is None:
            return self.value.get_secret_value() if self.value is not None else ""
        try:
            with open(self.file, encoding="utf-8") as file:  # noqa: PTH123 - a few hundred bytes, a path as text
                return file.read(65_536).strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise ValueError(f"cannot read {self.file}: {why}") from None


class HttpConfig(Options):
    """Of Alertmanager's `http_config`, what says who we are."""

    class Authorization(Options):
        """A header `Authorization`."""

        type: str = "Bearer"
        credentials: SecretStr | None = None
        credentials_file: str | None = None

    class BasicAuth(Options):
        """A user and a password."""

        username: str = ""
        password: SecretStr | None = None
        password_file: str | None = None

    authorization: Authorization | None = None
    basic_auth: BasicAuth | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.authorization is not None and self.basic_auth is not None:
            raise ValueError("authorization and basic_auth say the same thing: keep one")
        return self

    def headers(self) -> dict[str, str]:
        """Raises ValueError for a file that cannot be read."""
        from base64 import b64encode

        if self.authorization is not None:
            given = Secret.of(self.authorization.credentials, self.authorization.credentials_file).read()
            return {"Authorization": f"{self.authorization.type} {given}"}
        if self.basic_auth is not None:
            password = Secret.of(self.basic_auth.password, self.basic_auth.password_file).read()
            return {"Authorization": f"Basic {b64encode(f'{self.basic_auth.username}:{password}'.encode()).decode()}"}
        return {}
