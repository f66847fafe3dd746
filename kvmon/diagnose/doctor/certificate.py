"""What a TLS handshake came to, in words. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from kvmon.diagnose.doctor.finding import Status
from kvmon.diagnose.doctor.fixes import TLS_FIXES
from kvmon.watch.wire.stages import Certificate, Shake

SOON = 30 * 86_400.0
"""Seconds before its end at which a certificate is worth a word."""


def shaken(found: Shake, name: str, *, trusted: bool, now: float) -> tuple[Status, str, str]:
    """Status, text and fix. `name` is whom it has to be for, `trusted` whether all of it was verified, `now` wall seconds."""
    shown = found.certificate
    if found.problem:
        return "fail", _refused(found, name), TLS_FIXES[found.problem]
    if shown is None or not shown.until:
        text = f"{shown.version if shown else 'TLS'}, and nothing is verified"
        return "warn", text, "remove `tls.verify: none`: whoever is on the way can read and change everything"
    text = f"{shown.version}, certificate for {', '.join(shown.names[:3])} until {_day(shown.until)}"
    if shown.until - now < SOON:
        return "warn", f"{text}: {(shown.until - now) / 86_400:.0f} days", "renew the certificate now"
    if not trusted:
        return "warn", f"{text}, its name is not verified", "set `tls.server_name` in place of `verify: ca`"
    return "ok", text, ""


def _refused(found: Shake, name: str) -> str:
    shown = found.certificate or Certificate()
    match found.problem:
        case "expired":
            return f"the certificate has expired{f' on {_day(shown.until)}' if shown.until else ''}"
        case "name":
            return f"the certificate is not for {name}, but for {', '.join(shown.names[:6]) or 'nobody'}"
        case "chain":
            return f"the certificate's authority is not trusted ({found.why}); it was issued by {shown.issuer or 'nobody'}"
        case _:
            return found.why


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
