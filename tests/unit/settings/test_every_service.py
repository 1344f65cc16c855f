"""Every setting of every service handles invalid, empty and padded values in the same way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy.settings_docs.__main__ import main
from deploy.settings_docs.services import SERVICES, TELEMETRY, Service
from deploy.settings_docs.tables import PAGE, page
from glasshouse_observability.settings import Declared, Reader, Secret
from glasshouse_observability.settings.kinds import Number, Whole
from stack.settings import Fit
from tests.unit.settings.samples import LONG_TEXT, PLANTED, required, wrong_values

ALL = (TELEMETRY, *SERVICES)
SETTINGS = [
    pytest.param(service, declared, id=f"{service.title}-{name}")
    for service in ALL
    for name, declared in service.declared().items()
]


def outcome(service: Service, env: dict[str, str]) -> str:
    """Return the messages of the service's start about wrong settings, refused or ignored; "" if there are none."""
    reader = Reader({**required(service.declared()), **env}, OTEL_SERVICE_NAME=service.name)
    service.read(reader)
    return "; ".join([*map(str, dict.fromkeys(reader.problems)), *reader.ignored])


def value_of(declared: Declared[Any], text: str) -> Any:
    reader = Reader({declared.name: text})
    found = reader.value(declared)
    assert reader.problems == []
    return found


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.title)
def test_a_service_starts_with_what_must_be_set(service: Service) -> None:
    """A service starts with its required settings alone.

    Every refusal below is therefore caused by the one invalid value.
    """
    assert outcome(service, {}) == ""


@pytest.mark.parametrize(("service", "declared"), SETTINGS)
def test_a_wrong_value_is_named_with_what_is_allowed(service: Service, declared: Declared[Any]) -> None:
    """An invalid value is reported with the allowed values in one printable line of bounded length.

    The line contains no secret.
    """
    for text in wrong_values(declared.kind):
        said = outcome(service, {declared.name: text})
        assert said.startswith(f"{declared.name} is "), (text, said)
        assert said.count(": it must be ") == 1
        assert f": it must be {declared.kind.allowed}" in said
        assert said.isprintable()
        assert len(said) < 500
        said.encode()
        if declared.kind.sensitive:
            assert PLANTED not in said
            assert "s3cr3t" not in said


@pytest.mark.parametrize(("service", "declared"), SETTINGS)
def test_an_empty_value_counts_as_not_set(service: Service, declared: Declared[Any]) -> None:
    """An empty or blank value counts as not set, for every setting."""
    unset = required(service.declared())
    unset.pop(declared.name, None)
    messages = []
    for env in ({}, {declared.name: ""}, {declared.name: " \t\r\n"}):
        reader = Reader({**unset, **env}, OTEL_SERVICE_NAME=service.name)
        service.read(reader)
        messages.append([str(problem) for problem in reader.problems])
    assert messages[0] == messages[1] == messages[2]
    assert all(one.startswith(f"{declared.name} is not set: it must be") for one in messages[0])


@pytest.mark.parametrize(("service", "declared"), SETTINGS)
def test_blanks_around_a_value_do_not_count(service: Service, declared: Declared[Any]) -> None:
    """Blanks around a value are ignored, for every setting whose default can be written as text."""
    if isinstance(declared.kind, Secret):
        text = "k" * 40
    elif declared.default in (None, "", ()) or not isinstance(declared.default, (str, int, float)):
        text = next(iter(required({declared.name: declared}).values()), "")
    else:
        text = str(declared.default)
    if text:
        assert value_of(declared, f" {text}\n") == value_of(declared, text)


@pytest.mark.parametrize(("service", "declared"), SETTINGS)
def test_a_number_is_refused_just_outside_its_bounds(service: Service, declared: Declared[Any]) -> None:
    """A number is refused just outside its bounds and accepted at them, and the message states both bounds."""
    if not isinstance(declared.kind, (Whole, Number)):
        return
    low, high = (float(part) for part in declared.kind.allowed.rpartition(" from ")[2].split(" to "))
    step = 1 if isinstance(declared.kind, Whole) else 0.0001
    for text in (f"{low - step:.4f}", f"{high + step:.4f}"):
        text = text.removesuffix(".0000")
        assert outcome(service, {declared.name: text}).startswith(f"{declared.name} is '{text}'")
    for bound in (low, high):
        assert value_of(declared, f"{bound:.4f}".rstrip("0").rstrip(".")) == bound


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.title)
def test_every_wrong_setting_is_named_at_once(service: Service) -> None:
    """One start reports all invalid settings, not only the first."""
    env = {name: wrong_values(one.kind)[0] for name, one in service.declared().items()}
    said = outcome(service, env)
    for name in env:
        assert f"{name} is " in said
    assert PLANTED not in said


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.title)
def test_no_service_takes_anothers_setting_for_a_misspelled_one(service: Service) -> None:
    """No service reports another service's setting as misspelled.

    The launcher and Compose give each process the addresses of all services.
    """
    every = {name: "x" for other in ALL for name in other.declared()}
    for left_out in service.declared():
        reader = Reader(
            {name: text for name, text in every.items() if name != left_out}, OTEL_SERVICE_NAME=service.name
        )
        service.read(reader)
        assert reader.warnings() == []


def test_the_samples_reach_every_kind_of_value() -> None:
    """A long text is accepted only by the settings that the launcher passes on unchecked."""
    free = [one for service in ALL for one in service.declared().values() if isinstance(one.kind, Fit)]
    assert {value_of(one, LONG_TEXT) for one in free} == {LONG_TEXT}


def test_the_page_is_that_of_the_declarations() -> None:
    """docs/reference/settings.md lists every setting and is what `python -m deploy.settings_docs` writes."""
    assert PAGE.read_text() == page()


def test_a_stale_page_is_found_and_written_only_on_request(tmp_path: Path) -> None:
    """`--check` reports an outdated page without changing it, because `make check` must not change files."""
    copy = tmp_path / "settings.md"
    copy.write_text("stale")
    assert main(["--check"], copy) == 1
    assert copy.read_text() == "stale"
    assert main([], copy) == 0
    assert main(["--check"], copy) == 0
    assert copy.read_text() == page()
    assert main(["--chek"], copy) == 2
