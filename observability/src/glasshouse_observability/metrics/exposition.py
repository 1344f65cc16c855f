"""``/metrics``: OpenMetrics text from a renderer that caches the parts that do not change.

prometheus_client formats the names and labels of each sample at every scrape. This took a tenth of the CPU time of a
busy replica, and requests waited meanwhile. This renderer lets the library format each series once and keeps the
result; a scrape formats only values and exemplars. Unusual samples and the classic text format are left to the library.

Responses are not compressed, because compression costs more than it saves within one network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar, Sample

from glasshouse_observability.metrics.collection import LONGEST_SECONDS, Collecting
from glasshouse_observability.metrics.prometheus_internals import number_text, openmetrics_request
from glasshouse_observability.metrics.repair import like, repaired
from glasshouse_observability.swallowed import SwallowedErrors

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MOST_REMEMBERED = 200_000
"""The number of cached series.

Further series are formatted at each scrape; the limit on label values is reached long before that.
"""
_VERSION = "1.0.0"
_END = b"# EOF\n"
_TIME_LIMIT = "HTTP_X_PROMETHEUS_SCRAPE_TIMEOUT_SECONDS"
SHARE_OF_LIMIT = 0.5
"""The share of Prometheus' time limit in which the application's collectors must return."""
_ALLOWED = [("Allow", "GET")]


def metrics_app(
    registry: CollectorRegistry, errors: SwallowedErrors | None = None
) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    """Return a WSGI application that serves ``registry`` in the requested format; ``?name[]=`` selects metrics.

    What fails, a collector or a sample, is omitted and counted in ``errors``.
    """
    collecting = Collecting(registry, errors)
    renderers: dict[str, Renderer] = {}

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET":
            start_response("405 Method Not Allowed", _ALLOWED)
            return [b"GET only\n"]
        try:
            encoder, content_type = choose_encoder(environ.get("HTTP_ACCEPT", ""))
        except TypeError:
            # The version is not a number, but the library compares it with one: treat it as if no version was
            # requested.
            encoder, content_type = choose_encoder("")
        names = parse_qs(environ.get("QUERY_STRING", "")).get("name[]", [])
        found = collecting.metrics(frozenset(names), _seconds(environ.get(_TIME_LIMIT, "")))
        # Only the escapings that the library supports are cached: a client must not be able to fill the cache.
        if (wanted := openmetrics_request(encoder)) is not None and wanted[0] == _VERSION:
            escaping = wanted[1]
            if escaping not in renderers:
                renderers[escaping] = Renderer(escaping, errors)
            body = renderers[escaping].render(found)
        else:
            body = Spelling(encoder, errors).render(found)
        start_response("200 OK", [("Content-Type", content_type)])
        return [body]

    return app


def _seconds(limit: str) -> float:
    """Return how long to wait for collectors, if Prometheus gives up after ``limit`` seconds."""
    try:
        return min(LONGEST_SECONDS, max(0.0, float(limit) * SHARE_OF_LIMIT))
    except ValueError:
        return LONGEST_SECONDS


class Spelling:
    """Render each metric with one of the library's encoders."""

    def __init__(self, encoder: Callable[[Collector], bytes], errors: SwallowedErrors | None = None) -> None:
        self._encoder, self._errors = encoder, errors

    def render(self, found: Iterable[Metric]) -> bytes:
        """Return all samples."""
        end = self._encoder(CollectorRegistry())
        return b"".join([self.metric(metric) for metric in found]) + end

    def metric(self, metric: Metric) -> bytes:
        """Return the samples of one metric; nothing, if they cannot be written."""
        try:
            return self.exact(metric)
        except Exception:  # noqa: BLE001  (whatever the application has put into labels and values)
            return self.repaired(metric)

    def repaired(self, metric: Metric) -> bytes:
        """Return the samples of a metric that cannot be written as it is."""
        try:
            fit, lost = repaired(metric)
            text = self.exact(fit)
        except Exception as error:  # noqa: BLE001
            text, lost = b"", error
        if lost is not None and self._errors is not None:
            self._errors.count("metrics.render", lost)
        return text

    def exact(self, metric: Metric) -> bytes:
        """Return the samples of one metric, as the library writes them."""
        return self._encoder(_Only(metric)).removesuffix(_END)


class Renderer:
    """Render ``prometheus_client``'s OpenMetrics 1.0 text, byte for byte, in one of its escapings.

    It is thread-safe: if two threads cache an entry at the same time, both entries are equal.
    """

    def __init__(self, escaping: str = "underscores", errors: SwallowedErrors | None = None) -> None:
        self._library = Spelling(partial(generate_latest, escaping=escaping, version=_VERSION), errors)
        self._heads: dict[tuple[str, ...], str] = {}
        self._abouts: dict[tuple[str, ...], str] = {}

    def render(self, found: Iterable[Metric]) -> bytes:
        """Return all samples."""
        return b"".join([self._metric(metric) for metric in found]) + _END

    def _metric(self, metric: Metric) -> bytes:
        try:
            return "".join(self._lines(metric)).encode()
        except _OutOfTheOrdinaryError:
            return self._library.metric(metric)
        except Exception:  # noqa: BLE001  (whatever the application has put into labels and values)
            return self._library.repaired(metric)

    def _lines(self, metric: Metric) -> Iterable[str]:
        yield self._about(metric)
        heads = self._heads
        for sample in metric.samples:
            name, labels, value, timestamp, exemplar, native = sample
            if timestamp is not None or native or value is None:
                raise _OutOfTheOrdinaryError
            head = heads.get((name, *labels, *labels.values())) or self._head(metric, sample)
            yield f"{head} {number_text(value)}{_exemplar(exemplar) if exemplar else ''}\n"

    def _about(self, metric: Metric) -> str:
        key = metric.name, metric.documentation, metric.type, metric.unit
        about = self._abouts.get(key)
        if about is None:
            about = self._abouts[key] = self._library.exact(like(metric, [])).decode()
        return about

    def _head(self, metric: Metric, sample: Sample) -> str:
        only = like(metric, [Sample(sample.name, sample.labels, 0.0)])
        head = self._library.exact(only).decode().removeprefix(self._about(metric)).removesuffix(" 0.0\n")
        if len(self._heads) < MOST_REMEMBERED:
            self._heads[(sample.name, *sample.labels, *sample.labels.values())] = head
        return head


class _OutOfTheOrdinaryError(Exception):
    """A sample with a timestamp, or a native histogram."""


class _Only(Collector):
    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def collect(self) -> Iterable[Metric]:
        return [self._metric]


def _exemplar(exemplar: Exemplar) -> str:
    # OpenMetrics 1.0, "Exemplars": labels, value, and a timestamp if there is one.
    labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(exemplar.labels.items()))
    at = "" if exemplar.timestamp is None else f" {exemplar.timestamp}"
    return f" # {{{labels}}} {number_text(exemplar.value)}{at}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
