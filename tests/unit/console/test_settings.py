"""Settings from the environment."""

from __future__ import annotations

import pytest

from console.config.addresses import HIGHEST_OFFSET, Addresses
from console.config.settings import Settings
from glasshouse_observability import WrongSetting
from stack import port_numbers


def test_nothing_set_gives_the_default_ports() -> None:
    """Without settings the console listens on loopback and uses every server's default port."""
    settings = Settings.from_env({})
    assert (settings.host, settings.port, settings.smtp_port) == ("127.0.0.1", 8080, 1025)
    assert settings.addresses.loki == "http://127.0.0.1:3100"


def test_the_offset_moves_every_default_address() -> None:
    """GLASSHOUSE_PORT_OFFSET is added to each default port, but not to an address that is set."""
    found = Addresses.from_env({"GLASSHOUSE_PORT_OFFSET": "1000", "LOKI_URL": "http://loki:3100/"})
    assert (found.api, found.jaeger, found.loki) == (
        "http://127.0.0.1:9000",
        "http://127.0.0.1:17686",
        "http://loki:3100",
    )


def test_none_means_that_the_server_is_absent() -> None:
    """`none` means that a server is absent, and an empty address counts as not set."""
    assert Addresses.from_env({"JAEGER_URL": "none"}).jaeger == ""
    assert Addresses.from_env({"JAEGER_URL": ""}).jaeger == "http://127.0.0.1:16686"


def test_the_offset_has_the_launchers_bound() -> None:
    """The console's maximum offset is the launcher's, which shares the setting and is not imported."""
    assert HIGHEST_OFFSET == port_numbers.HIGHEST_OFFSET


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "eighty"),
        ("PORT", "9" * 5000),
        ("PORT", "8_0"),
        ("SMTP_PORT", "8080"),
        ("THREADS", "1"),
        ("HOST", "a\nb"),
        ("CONSOLE_INBOX_ITEMS", "-1"),
        ("GLASSHOUSE_PORT_OFFSET", "60000"),
        ("LOKI_URL", "ftp://loki"),
        ("LOKI_URL", "http://"),
        ("LOKI_URL", "http://loki:port"),
        ("LOKI_URL", "http://loki:3100/?a=b"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    """An invalid setting stops the start with the setting's name."""
    with pytest.raises(WrongSetting, match=name):
        Settings.from_env({name: value})
