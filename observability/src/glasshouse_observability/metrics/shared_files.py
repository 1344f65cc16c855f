"""Reading the files in which the workers of one replica count: a damaged file costs only its own numbers.

A worker that is killed while it creates a file, or a full disk, leaves a file that prometheus_client cannot read: every
scrape would then fail, and the worker that opens the file next could not start.
"""

from __future__ import annotations

import json
import logging
import struct
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from glasshouse_observability.swallowed import SwallowedErrors

_log = logging.getLogger(__name__)
_HEAD_BYTES = 8
_length = struct.Struct("i").unpack_from
_WHERE = "metrics.shared_files"


class DamagedFile(ValueError):
    """A file of shared counts that cannot be read."""


class SharedFiles(MultiProcessCollector):
    """The sums of all workers, and the errors of the process that reads them."""

    def __init__(self, folder: str, errors: SwallowedErrors, own: CollectorRegistry) -> None:
        """``own`` is the registry of ``errors``."""
        super().__init__(None, folder)  # type: ignore[no-untyped-call]
        self._folder, self._errors, self._own = Path(folder), errors, own

    def collect(self) -> Iterable[Metric]:
        """Return the sums; damaged files are omitted and counted."""
        files = []
        for path in sorted(self._folder.glob("*.db")):
            if is_sound(path):
                files.append(str(path))
            else:
                self._errors.count(_WHERE, DamagedFile(f"{path.name} is damaged; its numbers are omitted"))
        return _added(self._merged(files), self._own.collect())

    def _merged(self, files: list[str]) -> list[Metric]:
        try:
            return list(self.merge(files))  # type: ignore[no-untyped-call]
        except Exception as error:  # noqa: BLE001  (a file may hold anything)
            self._errors.count(_WHERE, error)
        readable = []
        for file in files:
            try:
                self.merge([file])  # type: ignore[no-untyped-call]
            except Exception as error:  # noqa: BLE001
                self._errors.count(_WHERE, error)
            else:
                readable.append(file)
        return list(self.merge(readable))  # type: ignore[no-untyped-call]


def _added(merged: list[Metric], own: Iterable[Metric]) -> list[Metric]:
    """Return the metrics of the workers with those of this process added to them."""
    families = {metric.name: metric for metric in merged}
    for metric in own:
        family = families.get(metric.name)
        if family is None:
            merged.append(metric)
            continue
        for sample in metric.samples:
            for index, other in enumerate(family.samples):
                if (other.name, other.labels) == (sample.name, sample.labels):
                    family.samples[index] = sample._replace(value=sample.value + other.value)
                    break
            else:
                family.samples.append(sample)
    return merged


def is_sound(path: Path, keys: bool = False) -> bool:
    """Return whether the structure of a file is that of prometheus_client's ``MmapedDict``.

    Its own reader may loop forever on a negative length. With ``keys``, the keys are checked too. A file that was
    removed is sound.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return True
    if len(data) < _HEAD_BYTES:
        return False
    used: int = _length(data)[0]
    if not 0 <= used <= len(data):
        return False
    position = _HEAD_BYTES
    while position < used:
        if position + 4 > used:
            return False
        length: int = _length(data, position)[0]
        if length <= 0 or position + length > used:
            return False
        if keys and not _is_key(data[position + 4 : position + 4 + length]):
            return False
        # The length, the key with at least one blank, so that both fill a multiple of eight bytes, and two numbers.
        position += 4 + length + (8 - (length + 4) % 8) + 16
    return position == max(used, _HEAD_BYTES)


def _is_key(data: bytes) -> bool:
    try:
        _, _, labels, _ = json.loads(data)
    except ValueError:
        return False
    return isinstance(labels, dict)


def set_damaged_aside(folder: str, slot: int) -> None:
    """Rename the damaged files of ``slot``, so that the worker that takes the slot can start."""
    for path in Path(folder).glob(f"*_{slot}.db"):
        if path.stat().st_size and not is_sound(path, keys=True):
            aside = path.with_suffix(".damaged")
            path.replace(aside)
            _log.warning(
                "%s is damaged: its numbers are lost, and it is renamed to %s",
                path,
                aside.name,
                extra={"event": "metrics.file_damaged"},
            )
