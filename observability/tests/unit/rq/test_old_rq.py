"""An unsupported RQ is refused with a clear sentence, before a module that it does not have is imported."""

from __future__ import annotations

import importlib
import sys
from importlib import metadata

import pytest

from glasshouse_observability.versions import UnsupportedVersion


def test_a_version_without_worker_pool_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """RQ 1.10.1 (testdrivenio/flask-redis-queue) has no ``rq.worker_pool``."""
    for name in [name for name in sys.modules if name.startswith("glasshouse_observability.rq")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rq.worker_pool", None)
    installed = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "1.10.1" if name == "rq" else installed(name))
    with pytest.raises(UnsupportedVersion, match=r"rq 1\.10\.1 is installed"):
        importlib.import_module("glasshouse_observability.rq")
