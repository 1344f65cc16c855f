"""Samples that the text format cannot hold, made fit for it.

prometheus_client accepts any object as a label value, and any text, even one that UTF-8 cannot encode. It fails only
when the metrics are written, at every scrape from then on.
"""

from __future__ import annotations

from prometheus_client import Metric
from prometheus_client.samples import Exemplar, Sample

from glasshouse_observability.safe import safe_text


def repaired(metric: Metric) -> tuple[Metric, Exception | None]:
    """Return a copy whose labels are texts in UTF-8, and the error of the last sample that was omitted.

    A sample is omitted if it has no number, or the same labels as another sample, now that they are repaired.
    """
    copy = Metric(metric.name, safe_text(metric.documentation), metric.type, metric.unit)
    lost: Exception | None = None
    seen = set()
    for sample in metric.samples:
        try:
            fit = _sample(sample)
            key = fit.name, tuple(sorted(fit.labels.items()))
            if key in seen:
                raise ValueError(f"two series of {fit.name} have the same labels after their repair")
            seen.add(key)
            copy.samples.append(fit)
        except Exception as error:  # noqa: BLE001  (any object may be in the place of the number)
            lost = error
    return copy, lost


def like(metric: Metric, samples: list[Sample]) -> Metric:
    """Return a metric with the same description and these samples."""
    other = Metric(metric.name, metric.documentation, metric.type, metric.unit)
    other.samples = samples
    return other


def _sample(sample: Sample) -> Sample:
    name, labels, value, timestamp, exemplar, native = sample
    if value is not None or not native:
        value = float(value)
    return Sample(name, _labels(labels), value, timestamp, _exemplar(exemplar), native)


def _exemplar(exemplar: Exemplar | None) -> Exemplar | None:
    if exemplar is None:
        return None
    return Exemplar(_labels(exemplar.labels), float(exemplar.value), exemplar.timestamp)


def _labels(labels: dict[str, str]) -> dict[str, str]:
    return {safe_text(name): safe_text(value) for name, value in labels.items()}
