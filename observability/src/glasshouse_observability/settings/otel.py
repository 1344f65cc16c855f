"""Variables that OpenTelemetry defines: their kinds of values, and the settings that only they provide.

OpenTelemetry's specification requires a warning for a value that cannot be used, and the default in its place. A value
whose default would lose every span silently (the endpoint, the protocol) is refused instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from glasshouse_observability.settings.declare import FromEnv, setting
from glasshouse_observability.settings.errors import Refused
from glasshouse_observability.settings.kinds import Choice, Kind, ListOf, Number, Pattern, Seconds, Secret, Whole
from glasshouse_observability.settings.paths import ReadableFile
from glasshouse_observability.settings.urls import ExactUrl

SAMPLERS = (
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
)
UNLIMITED = -1
_MOST = 2**31 - 1
_KEY = re.compile(r"[^\s=,;]+")


class Pairs(Kind[tuple[tuple[str, str], ...]]):
    """``key=value`` pairs, separated by commas; values are percent-decoded, as in a ``baggage`` header."""

    allowed = "comma-separated key=value pairs, the values percent-encoded"

    def parse(self, text: str) -> tuple[tuple[str, str], ...]:
        """Return the pairs; of several with the same key, the last."""
        found = {}
        for part in filter(None, (one.strip() for one in text.split(","))):
            key, equals, value = part.partition("=")
            if not equals or not _KEY.fullmatch(key.strip()):
                raise Refused
            found[key.strip()] = unquote(value.strip())
        return tuple(found.items())


class SecretPairs(Pairs):
    """Pairs whose values are never printed, such as the headers of an exporter."""

    sensitive = True

    def shown(self, text: str) -> str:
        """Return the same text for all values."""
        return Secret().shown(text)


class Expressions(Kind[str]):
    """Comma-separated regular expressions; returned as given."""

    allowed = "comma-separated regular expressions"

    def parse(self, text: str) -> str:
        """Return the text unchanged."""
        try:
            for part in text.split(","):
                re.compile(part.strip())
        except re.error as error:
            raise Refused(str(error)) from None
        return text


@dataclass(frozen=True)
class OtlpSettings(FromEnv):
    """How spans are sent to the OTLP/HTTP receiver; the variable of the signal has precedence over the general one."""

    traces_endpoint: str = setting(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        ExactUrl("http", "https"),
        "",
        "the complete URL that receives spans; unset: `/v1/traces` below OTEL_EXPORTER_OTLP_ENDPOINT",
    )
    protocol: str = setting(
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        Pattern("http/protobuf", "http/protobuf, as this library has no gRPC exporter: use the receiver's port 4318"),
        "http/protobuf",
        "the protocol of the receiver",
        aliases=("OTEL_EXPORTER_OTLP_PROTOCOL",),
    )
    headers: tuple[tuple[str, str], ...] = setting(
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        SecretPairs(),
        (),
        "headers of each export, such as a key of the receiver",
        default_shown="none",
        aliases=("OTEL_EXPORTER_OTLP_HEADERS",),
        lenient=True,
    )
    timeout: float = setting(
        "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
        Seconds(0.001, 600),
        2.0,
        "the time limit of one export (seconds, as in OpenTelemetry's Python SDK)",
        aliases=("OTEL_EXPORTER_OTLP_TIMEOUT",),
        lenient=True,
    )
    compression: str = setting(
        "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
        Choice("none", "gzip", "deflate"),
        "none",
        "the compression of exports",
        aliases=("OTEL_EXPORTER_OTLP_COMPRESSION",),
        lenient=True,
    )
    certificate: str = setting(
        "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
        ReadableFile(),
        "",
        "a file with the certificates that verify the receiver",
        aliases=("OTEL_EXPORTER_OTLP_CERTIFICATE",),
    )
    client_key: str = setting(
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
        ReadableFile(),
        "",
        "a file with the private key of this client",
        aliases=("OTEL_EXPORTER_OTLP_CLIENT_KEY",),
    )
    client_certificate: str = setting(
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
        ReadableFile(),
        "",
        "a file with the certificate of this client",
        aliases=("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",),
    )


@dataclass(frozen=True)
class SpanSettings(FromEnv):
    """The queue of the exporter and the limits of one span; ``UNLIMITED`` (-1) stands for no limit."""

    exporters: tuple[str, ...] = setting(
        "OTEL_TRACES_EXPORTER",
        ListOf(Choice("otlp", "console", "none")),
        ("otlp",),
        "where spans are sent: otlp, console (standard output) or none",
        default_shown="otlp",
        lenient=True,
    )
    queue: int = setting(
        "OTEL_BSP_MAX_QUEUE_SIZE", Whole(1, 10**7), 8192, "spans that wait for export; more are lost", lenient=True
    )
    batch: int = setting("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", Whole(1, 10**7), 512, "spans of one export", lenient=True)
    delay_ms: float = setting(
        "OTEL_BSP_SCHEDULE_DELAY",
        Number(1, 600_000),
        1000.0,
        "the time between two exports (milliseconds)",
        lenient=True,
    )
    attributes: int = setting(
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        Whole(0, _MOST),
        128,
        "attributes of a span",
        aliases=("OTEL_ATTRIBUTE_COUNT_LIMIT",),
        lenient=True,
    )
    value_length: int = setting(
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        Whole(0, _MOST),
        UNLIMITED,
        "characters of an attribute's value",
        default_shown="no limit",
        aliases=("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",),
        lenient=True,
    )
    events: int = setting("OTEL_SPAN_EVENT_COUNT_LIMIT", Whole(0, _MOST), 128, "events of a span", lenient=True)
    links: int = setting("OTEL_SPAN_LINK_COUNT_LIMIT", Whole(0, _MOST), 128, "links of a span", lenient=True)
    event_attributes: int = setting(
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", Whole(0, _MOST), 128, "attributes of an event", lenient=True
    )
    link_attributes: int = setting(
        "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", Whole(0, _MOST), 128, "attributes of a link", lenient=True
    )
