"""Alertmanager's webhook payload (version 4), and its conversion to an inbox item.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from console.inbox.store import Item
from console.plaintext import one_line, printable
from console.times import rfc3339

MAX_ALERTS = 1_000
MAX_VALUE = 4_000

Status = Literal["firing", "resolved"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Pairs = dict[Name, str]


class _Payload(BaseModel):
    """Unknown fields are ignored: later versions of Alertmanager add some within version 4."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class Alert(_Payload):
    """One alert of a notification; ``ends_at`` is in the year 1 while it is firing."""

    status: Status
    labels: Pairs
    annotations: Pairs = {}
    starts_at: datetime
    ends_at: datetime | None = None
    generator_url: str = Field(default="", alias="generatorURL")
    fingerprint: str = ""


class Notification(_Payload):
    """One POST request of Alertmanager: the alerts of a group."""

    version: Literal["4"]
    status: Status
    receiver: str
    group_key: str
    group_labels: Pairs = {}
    common_labels: Pairs = {}
    common_annotations: Pairs = {}
    external_url: str = Field(default="", alias="externalURL")
    truncated_alerts: int = Field(default=0, ge=0)
    alerts: list[Alert] = Field(min_length=1, max_length=MAX_ALERTS)


def alert_item(notification: Notification) -> Item:
    """Return the notification as an inbox item, with a title, a summary and the links of each alert."""
    first = notification.alerts[0]
    name = notification.common_labels.get("alertname") or first.labels.get("alertname", "(unnamed alert)")
    said = {**first.annotations, **notification.common_annotations}
    return {
        "status": notification.status,
        "title": one_line(name, MAX_VALUE),
        "summary": one_line(said.get("summary") or said.get("description") or "", MAX_VALUE),
        "severity": one_line(notification.common_labels.get("severity", ""), MAX_VALUE),
        "receiver": one_line(notification.receiver, MAX_VALUE),
        "group_key": one_line(notification.group_key, MAX_VALUE),
        "common_labels": _shown(notification.common_labels),
        "alertmanager_url": web_link(notification.external_url),
        "truncated_alerts": notification.truncated_alerts,
        "alerts": [_alert(alert) for alert in notification.alerts],
    }


def _alert(alert: Alert) -> Item:
    has_ended = alert.ends_at is not None and alert.ends_at.year > 1
    return {
        "status": alert.status,
        "labels": _shown(alert.labels),
        "annotations": _shown(alert.annotations),
        "starts_at": rfc3339(alert.starts_at),
        "ends_at": rfc3339(alert.ends_at) if has_ended and alert.ends_at else None,
        "fingerprint": one_line(alert.fingerprint, MAX_VALUE),
        "links": _links(alert),
    }


def _links(alert: Alert) -> list[dict[str, str]]:
    """Return a link for every ``*_url`` annotation and for the expression's page in Prometheus."""
    urls = [
        (name.removesuffix("_url").replace("_", " "), url)
        for name, url in alert.annotations.items()
        if name.endswith("_url")
    ]
    urls.append(("Prometheus", alert.generator_url))
    return [{"title": one_line(title, 80), "url": web_link(url)} for title, url in urls if web_link(url)]


def web_link(url: str) -> str:
    """Return ``url`` if it is a safe link (http, https, or a path on this server), else the empty string.

    Annotations are templates filled with label values: a ``javascript:`` address must never become a link.
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    if parts.scheme in ("http", "https") and parts.netloc:
        return parts.geturl()
    is_path_here = not parts.scheme and not parts.netloc and parts.path.startswith("/")
    return parts.geturl() if is_path_here and "\\" not in parts.path else ""


def _shown(pairs: Pairs) -> dict[str, str]:
    return {one_line(name, 200): printable(value)[:MAX_VALUE] for name, value in pairs.items()}
