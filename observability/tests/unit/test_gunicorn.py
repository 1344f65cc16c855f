"""gunicorn's hooks: refused configurations, and the slot of a worker. With a real gunicorn: tests/integration/adopt."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from glasshouse_observability.gunicorn import hooks as gunicorn
from glasshouse_observability.settings import MISCONFIGURED


def server(workers: int = 1, preload_app: bool = False) -> SimpleNamespace:
    """The part of gunicorn's master that the hooks use."""
    return SimpleNamespace(cfg=SimpleNamespace(workers=workers, preload_app=preload_app), WORKERS={})


def refusal(capsys: pytest.CaptureFixture[str], master: SimpleNamespace) -> str:
    with pytest.raises(SystemExit) as stop:
        gunicorn.when_ready(master)
    assert stop.value.code == MISCONFIGURED
    return str(json.loads(capsys.readouterr().out)["message"])


def test_several_workers_without_a_folder_are_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several workers without a shared folder are refused with the setting to use, because they cannot share a port."""
    monkeypatch.setenv("OBSERVABILITY_METRICS_PORT", "9100")
    assert "PROMETHEUS_MULTIPROC_DIR is not set: it must be a folder" in refusal(capsys, server(workers=4))


def test_loading_the_application_before_the_fork_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """``preload_app`` is refused, because telemetry would start in the master and no worker would send a span."""
    assert "preload_app is True: it must be False" in refusal(capsys, server(preload_app=True))


def test_a_folder_that_cannot_be_made_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A shared folder that cannot be created is refused with its path and the reason."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "file" / "below"))
    assert "file/below': it must be a folder that can be created and written (Not a directory)" in refusal(
        capsys, server()
    )


def test_a_wrong_setting_ends_gunicorn_with_its_cure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An invalid setting ends gunicorn with the same exit status and message as any other process."""
    monkeypatch.setenv("OBSERVABILITY_LOG_LEVEL", "loud")
    with pytest.raises(SystemExit) as stop:
        gunicorn.json_logs("api")
    assert stop.value.code == MISCONFIGURED
    assert json.loads(capsys.readouterr().out)["message"].startswith(
        "OBSERVABILITY_LOG_LEVEL is 'loud': it must be one of"
    )


def test_one_worker_without_the_setting_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one worker and without the setting, the hooks share nothing and the worker serves its own metrics."""
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    master, worker = server(), SimpleNamespace()
    gunicorn.when_ready(master)
    gunicorn.pre_fork(master, worker)
    gunicorn.post_fork(master, worker)
    gunicorn.child_exit(master, worker)
    assert not hasattr(master, "shared_metrics")


def test_a_worker_takes_the_lowest_free_slot() -> None:
    """A worker that replaces a dead one gets its slot, and a reload's new workers get slots that are free."""
    master = server()

    def born(pid: int) -> int:
        worker = SimpleNamespace()
        gunicorn.pre_fork(master, worker)
        master.WORKERS[pid] = worker
        slot: int = worker.metrics_slot
        return slot

    assert [born(pid) for pid in (11, 12, 13)] == [0, 1, 2]
    del master.WORKERS[12]
    assert [born(pid) for pid in (14, 15)] == [1, 3]
