"""One try to deliver: over HTTP or to a mail server. No redirect is followed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import aiohttp
import structlog

from kvmon.tell.notify.receivers.integration import Mail, Post

log = structlog.get_logger("kvmon")

LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""Refusals that time may change; so may every 5xx."""

LONGEST_ANSWER = 65_536
"""Bytes of an answer that are looked at."""

LONGEST_WAIT = 3600.0
"""Seconds of a Retry-After that are believed."""


class NotDelivered(Exception):
    """`again`: a later try may work, not before `after` seconds. Else nothing but another configuration helps."""

    def __init__(self, why: str, *, again: bool, after: float | None = None) -> None:
        self.again = again
        self.after = after
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends what receivers want to have sent."""

    session: aiohttp.ClientSession
    agent: str

    async def send(self, wire: Post | Mail, now: float) -> None:
        """Raises NotDelivered; its text names no secret."""
        if isinstance(wire, Post):
            await self._post(wire, now)
        else:
            await _mail(wire)

    async def _post(self, wire: Post, now: float) -> None:
        timeout = aiohttp.ClientTimeout(total=wire.timeout)
        headers = {"User-Agent": self.agent, **wire.headers}
        try:
            async with self.session.post(
                wire.url, data=wire.body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                status, after = answer.status, answer.headers.get("Retry-After")
                body = await answer.content.read(LONGEST_ANSWER) if wire.accepts is not None else b""
        except TimeoutError:
            raise NotDelivered(f"no answer within {wire.timeout:g} s", again=True) from None
        except (aiohttp.ClientError, OSError) as error:
            raise NotDelivered(f"{type(error).__name__}{_errno(error)}", again=True) from None
        except ValueError:
            raise NotDelivered("its URL is none", again=False) from None
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            if wire.accepts is not None and not wire.accepts(body):
                raise NotDelivered(f"it answered {status}, and in its body that it did not take it", again=False)
            return
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in LATER:
            raise NotDelivered(f"it answered {status}", again=True, after=_retry_after(after, now))
        redirect = ": redirects are not followed" if status < HTTPStatus.BAD_REQUEST else ""
        raise NotDelivered(f"it answered {status}{redirect}", again=False)


def _errno(error: Exception) -> str:
    """What the system said; aiohttp's own text would show the URL."""
    inner = getattr(error, "os_error", error)
    text = getattr(inner, "strerror", None)
    return f": {text}" if isinstance(text, str) and "://" not in text else ""


def _retry_after(text: str | None, now: float) -> float | None:
    """Seconds of a header Retry-After, a number or a date."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    return min(LONGEST_WAIT, max(0.0, seconds)) if seconds == seconds else None  # noqa: PLR0124 - a NaN is no time


async def _mail(wire: Mail) -> None:
    # Here, as what is not configured is not imported.
    import aiosmtplib

    try:
        refused, _ = await aiosmtplib.send(
            wire.message, recipients=list(wire.recipients), hostname=wire.host, port=wire.port, local_hostname=wire.hello,
            username=wire.username, password=wire.password, timeout=wire.timeout,
            use_tls=wire.tls == "tls", start_tls=wire.tls == "starttls",
        )  # fmt: skip
    except aiosmtplib.SMTPAuthenticationError as error:
        raise NotDelivered(f"the mail server refuses the user ({error.code})", again=True) from None
    except aiosmtplib.SMTPRecipientsRefused as error:
        again = any(each.code < 500 for each in error.recipients)
        raise NotDelivered("the mail server refuses the recipients", again=again) from None
    except aiosmtplib.SMTPResponseException as error:
        raise NotDelivered(f"the mail server answered {error.code}", again=error.code < 500) from None
    except (TimeoutError, aiosmtplib.SMTPException, OSError) as error:
        raise NotDelivered(f"{type(error).__name__}{_errno(error)}", again=True) from None
    if any(answer.code < 500 for answer in refused.values()):
        raise NotDelivered("the mail server refuses some recipients for now", again=True)
    if refused:
        log.warning("the mail server refuses some recipients; the others have the mail", server=wire.host, refused=len(refused))
