"""The addresses that a browser can open, as opposed to those that the console itself uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.config.addresses import Addresses
from console.config.settings import Settings
from console.web.links import server_links
from glasshouse_observability import WrongSetting
from tests.unit.compose.files import SERVICES, filled


def test_unset_they_are_the_same() -> None:
    """Without settings both addresses are the same, because without containers all servers are on this machine."""
    assert Settings.from_env({}).public == Addresses.from_env({})


def test_in_containers_they_differ() -> None:
    """In containers the addresses differ, and `none` means that a server cannot be opened from outside."""
    environ = {"PROMETHEUS_PUBLIC_URL": "http://127.0.0.1:9090/", "LOKI_PUBLIC_URL": "none"}
    public = Settings.from_env({"PROMETHEUS_URL": "http://prometheus:9090", **environ}).public
    assert (public.prometheus, public.loki) == ("http://127.0.0.1:9090", "")


def test_composes_console_links_to_what_is_published() -> None:
    """Compose's console links only to published addresses.

    No link uses a container's name, and Loki, which is not published, has no link.
    """
    environ = {name: filled(str(value), {}) for name, value in SERVICES["console"]["environment"].items()}
    settings = Settings.from_env(environ | {"CONSOLE_STATE_DIR": "/tmp/x"})
    links = server_links(settings.public, True, settings.grafana)
    assert {name for name, _ in links} == {"Grafana", "Shop API", "Prometheus", "Alertmanager", "Jaeger"}
    assert all(url.startswith("http://127.0.0.1:") for _, url in links)
    assert settings.drills_catalogue is None


def test_the_image_holds_what_the_console_shows() -> None:
    """The image contains the runbooks and dashboards at the paths of the settings."""
    root = Path(__file__).parents[3]
    let_in = {line[1:] for line in (root / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    settings = Settings.from_env({})
    for path in (settings.runbooks, settings.dashboards, settings.dashboards.parent / "panels.json"):
        assert str(path.relative_to(Path.cwd())) in let_in


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, ""),
        ({"GRAFANA_URL": "http://grafana:3000"}, "http://grafana:3000"),
        (
            {"GRAFANA_URL": "http://grafana:3000", "GRAFANA_PUBLIC_URL": "http://127.0.0.1:3000"},
            "http://127.0.0.1:3000",
        ),
    ],
)
def test_grafana_is_linked_where_it_runs(environ: dict[str, str], address: str) -> None:
    """Grafana is linked only if its address is set."""
    assert Settings.from_env(environ).grafana == address


@pytest.mark.parametrize(
    ("name", "value"),
    [("GRAFANA_URL", "x"), ("LOKI_PUBLIC_URL", "javascript:x"), ("CONSOLE_DRILLS_CATALOGUE", "/nowhere")],
)
def test_a_wrong_one_is_named(name: str, value: str) -> None:
    """An invalid address is reported at the start."""
    with pytest.raises(WrongSetting, match=name):
        Settings.from_env({name: value})
