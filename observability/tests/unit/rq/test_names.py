"""The name of a job's function, read from its data without an import."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse_observability.rq.names import UNKNOWN, job_name


class Plain:
    def play(self) -> None:
        """A job."""


class Slotted:
    __slots__ = ("a",)


class Reduced:
    def __reduce__(self) -> Any:
        return (Reduced, ())


def job(data: bytes, description: Any = None) -> Any:
    return SimpleNamespace(data=data, description=description)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(("instance", "kind"), [(Plain(), "Plain"), (Slotted(), "Slotted"), (Reduced(), "Reduced")])
def test_a_pickled_job(protocol: int, instance: object, kind: str) -> None:
    """Functions are named with their module, methods with their class, in every protocol of pickle."""
    if kind == "Slotted" and protocol < 2:
        pytest.skip("pickle does not accept it")
    function = pickle.dumps(("mod.run", None, (1,), {}), protocol)
    assert job_name(job(function)) == "mod.run"
    method = pickle.dumps(("play", instance, (), {}), protocol)
    assert job_name(job(method)) == f"{__name__}.{kind}.play"


def test_a_json_job() -> None:
    """RQ's JSONSerializer writes a list."""
    assert job_name(job(json.dumps(["mod.run", None, [1], {}]).encode())) == "mod.run"


def test_nothing_is_imported() -> None:
    """The modules of the arguments are not imported."""
    data = pickle.dumps(("mod.run", None, (Path("a"),), {})).replace(b"pathlib", b"nothere")
    assert job_name(job(data)) == "mod.run"
    assert "nothere" not in sys.modules


@pytest.mark.parametrize(
    ("description", "name"),
    [("mod.run(1, 2)", "mod.run"), ("send 3 mails (now)", UNKNOWN), (None, UNKNOWN), (7, UNKNOWN), ("", UNKNOWN)],
)
def test_data_of_another_serializer(description: Any, name: str) -> None:
    """RQ's own description has the name, one of the application does not."""
    assert job_name(job(b"\x93msgpack", description)) == name


@given(st.binary())
def test_any_data(data: bytes) -> None:
    """No data raises an exception, and the result is a text that UTF-8 can encode."""
    assert job_name(job(data)).encode()
    assert job_name(job(b"\x80\x05" + data)).encode()
