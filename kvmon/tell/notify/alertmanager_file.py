"""What of Alertmanager's configuration format is understood. Everything else of it is refused by name."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, SecretStr, model_validator

from kvmon.options import Options
from kvmon.tell.notify.intervals import NamedIntervals
from kvmon.tell.notify.matchers import Matcher, Op, make_matcher, parse_matchers
from kvmon.tell.notify.receivers.datadog import Datadog
from kvmon.tell.notify.receivers.email import Addresses, Email, Smarthost
from kvmon.tell.notify.receivers.integration import Integration, Span
from kvmon.tell.notify.receivers.pagerduty import PagerDuty
from kvmon.tell.notify.receivers.slack import Slack
from kvmon.tell.notify.receivers.urls import SecretUrl, Url
from kvmon.tell.notify.receivers.webhook import Webhook


def _matchers(value: object) -> object:
    """A list of texts, of which each may hold several matchers."""
    if not isinstance(value, list | tuple) or any(isinstance(one, Matcher) for one in value):
        return value
    found: list[Matcher] = []
    for one in value:
        if not isinstance(one, str):
            raise ValueError('a matcher is a text, such as severity="critical"')  # noqa: TRY004 - as pydantic wants it
        found += parse_matchers(one)
    return tuple(found)


def _shown(value: tuple[Matcher, ...]) -> list[str]:
    return [str(matcher) for matcher in value]


Matchers = Annotated[tuple[Matcher, ...], BeforeValidator(_matchers), PlainSerializer(_shown)]


def _group_by(value: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(value)) != len(value):
        raise ValueError("a label stands here twice")
    if "..." in value and len(value) > 1:
        raise ValueError("'...' means every label, and stands alone")
    return value


def _positive(value: float | None) -> float | None:
    if value is not None and value <= 0:
        raise ValueError("it has to be greater than 0")
    return value


def _together(new: tuple[Matcher, ...], equal: dict[str, str], regex: dict[str, str]) -> tuple[Matcher, ...]:
    """Matchers in the present form and in the two of old, sorted as Alertmanager sorts them."""
    old = [make_matcher(name, Op.EQUAL, value) for name, value in equal.items()]
    old += [make_matcher(name, Op.REGEX, value) for name, value in regex.items()]
    return tuple(sorted((*new, *old)))


class GlobalOptions(Options):
    """For all receivers that do not say otherwise."""

    resolve_timeout: Span = 300.0
    smtp_from: Addresses | None = None
    smtp_smarthost: Smarthost | None = None
    smtp_hello: str | None = None
    smtp_auth_username: str | None = None
    smtp_auth_password: SecretStr | None = None
    smtp_auth_password_file: str | None = None
    smtp_require_tls: bool = True
    slack_api_url: SecretUrl | None = None
    slack_api_url_file: str | None = None
    pagerduty_url: Url | None = None


class RouteOptions(Options):
    """A route; what it does not say, the one above it does."""

    receiver: str | None = None
    group_by: Annotated[tuple[str, ...], AfterValidator(_group_by)] | None = None
    continue_: bool = Field(default=False, alias="continue")
    matchers: Matchers = ()
    match: dict[str, str] = Field(default_factory=dict)
    match_re: dict[str, str] = Field(default_factory=dict)
    group_wait: Span | None = None
    group_interval: Annotated[Span | None, AfterValidator(_positive)] = None
    repeat_interval: Annotated[Span | None, AfterValidator(_positive)] = None
    mute_time_intervals: tuple[str, ...] = ()
    active_time_intervals: tuple[str, ...] = ()
    routes: tuple[RouteOptions, ...] = ()

    @model_validator(mode="after")
    def _regular(self) -> Self:
        self.all_matchers()
        return self

    def all_matchers(self) -> tuple[Matcher, ...]:
        """Of all three forms."""
        return _together(self.matchers, self.match, self.match_re)


class InhibitOptions(Options):
    """A rule of inhibition."""

    source_matchers: Matchers = ()
    source_match: dict[str, str] = Field(default_factory=dict)
    source_match_re: dict[str, str] = Field(default_factory=dict)
    target_matchers: Matchers = ()
    target_match: dict[str, str] = Field(default_factory=dict)
    target_match_re: dict[str, str] = Field(default_factory=dict)
    equal: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _regular(self) -> Self:
        if not self.target():
            raise ValueError("without target_matchers it would hold back everything")
        self.source()
        return self

    def source(self) -> tuple[Matcher, ...]:
        """Of all three forms."""
        return _together(self.source_matchers, self.source_match, self.source_match_re)

    def target(self) -> tuple[Matcher, ...]:
        """Of all three forms."""
        return _together(self.target_matchers, self.target_match, self.target_match_re)


class ReceiverOptions(Options):
    """A name, and the ways by which it is told."""

    name: Annotated[str, Field(min_length=1)]
    webhook_configs: tuple[Webhook, ...] = ()
    slack_configs: tuple[Slack, ...] = ()
    pagerduty_configs: tuple[PagerDuty, ...] = ()
    email_configs: tuple[Email, ...] = ()
    datadog_configs: tuple[Datadog, ...] = ()

    def integrations(self) -> tuple[Integration, ...]:
        """All of them, in this order."""
        lists = (getattr(self, name) for name in type(self).model_fields if name.endswith("_configs"))
        return tuple(integration for each in lists for integration in each)


class AlertmanagerFile(Options):
    """The whole file."""

    global_: GlobalOptions = Field(default_factory=GlobalOptions, alias="global")
    route: RouteOptions
    receivers: tuple[ReceiverOptions, ...] = ()
    inhibit_rules: tuple[InhibitOptions, ...] = ()
    time_intervals: tuple[NamedIntervals, ...] = ()
    mute_time_intervals: tuple[NamedIntervals, ...] = ()
    """The same under its name of old."""
    templates: tuple[str, ...] = ()
    """Files of templates, by patterns."""


def with_defaults(receiver: ReceiverOptions, common: GlobalOptions) -> ReceiverOptions:
    """The receiver with what `global` says filled in. Raises ValueError where something is said nowhere."""

    def filled(options: Any, **defaults: Any) -> Any:
        return options.model_copy(update={name: value for name, value in defaults.items() if getattr(options, name) is None})

    slack = []
    for options in receiver.slack_configs:
        own = options.api_url is not None or options.api_url_file is not None
        given = options if own else filled(options, api_url=common.slack_api_url, api_url_file=common.slack_api_url_file)
        if given.api_url is None and given.api_url_file is None:
            raise ValueError("slack_configs: it needs api_url, or slack_api_url in global")
        slack.append(given)
    mail = []
    for option in receiver.email_configs:
        password = option.auth_password is not None or option.auth_password_file is not None
        given = filled(
            option, from_=common.smtp_from, smarthost=common.smtp_smarthost, hello=common.smtp_hello,
            auth_username=common.smtp_auth_username, require_tls=common.smtp_require_tls,
            auth_password=None if password else common.smtp_auth_password,
            auth_password_file=None if password else common.smtp_auth_password_file,
        )  # fmt: skip
        for word, value in (("from", given.from_), ("smarthost", given.smarthost)):
            if value is None:
                raise ValueError(f"email_configs: it needs {word}, or smtp_{word} in global")
        mail.append(given)
    pages = tuple(filled(options, url=common.pagerduty_url) for options in receiver.pagerduty_configs)
    return receiver.model_copy(update={"slack_configs": tuple(slack), "email_configs": tuple(mail), "pagerduty_configs": pages})
