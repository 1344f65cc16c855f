"""Settings from the environment."""

from __future__ import annotations

import pytest

from glasshouse_observability.settings import WrongSetting
from shop.config import Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    """An empty environment gives the defaults, so that a developer's machine needs no setting."""
    assert Settings.from_env({}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MONGO_URL", "127.0.0.1:27017"),
        ("MONGO_URL", "http://127.0.0.1"),
        ("REDIS_URL", "redis://"),
        ("PAYMENTS_URL", "http://"),
        ("PAYMENTS_URL", "http://host:99999"),
        ("SMTP_URL", "mailto:me"),
        ("MONGO_DATABASE", "a/b"),
        ("QUEUE", "a b"),
        ("CACHE_SECONDS", "soon"),
        ("MONGO_POOL", "0"),
        ("PAYMENTS_PATIENCE", "nan"),
        ("JOBS_PER_FORK", "0"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value_and_the_cure(name: str, value: str) -> None:
    """The error for an invalid setting contains its name, its value and the allowed values."""
    with pytest.raises(WrongSetting, match=f"{name} .*must be"):
        Settings.from_env({name: value})


def test_a_password_is_not_repeated() -> None:
    """The error for an invalid URL does not repeat its password, because the error may be logged."""
    with pytest.raises(WrongSetting) as caught:
        Settings.from_env({"REDIS_URL": "http://user:s3cret@host/0"})
    assert "s3cret" not in str(caught.value)
