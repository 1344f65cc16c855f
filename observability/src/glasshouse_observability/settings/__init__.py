"""Settings from environment variables, validated once at the start of a process.

A settings class is a frozen dataclass whose fields are created by ``setting``::

    @dataclass(frozen=True)
    class MailSettings(FromEnv):
        port: int = setting("MAIL_PORT", Port(), 25, "the port of the mail server")

    MailSettings.from_env()     # raises WrongSetting, which names every invalid variable

docs/reference/settings.md states the rules, which are the same for every variable and service. This package uses only
the standard library, because the launcher and the fault agent import it too.
"""

from glasshouse_observability.settings.declare import FromEnv, nested, setting
from glasshouse_observability.settings.errors import MISCONFIGURED, Problem, WrongSetting
from glasshouse_observability.settings.kinds import (
    Choice,
    Host,
    Kind,
    ListOf,
    Number,
    Pattern,
    Port,
    Secret,
    Switch,
    Text,
    Whole,
)
from glasshouse_observability.settings.paths import AnyPath, Folder, WritableFile
from glasshouse_observability.settings.reader import REQUIRED, Declared, Reader
from glasshouse_observability.settings.telemetry import TelemetrySettings
from glasshouse_observability.settings.urls import Url

__all__ = [
    "MISCONFIGURED",
    "REQUIRED",
    "AnyPath",
    "Choice",
    "Declared",
    "Folder",
    "FromEnv",
    "Host",
    "Kind",
    "ListOf",
    "Number",
    "Pattern",
    "Port",
    "Problem",
    "Reader",
    "Secret",
    "Switch",
    "TelemetrySettings",
    "Text",
    "Url",
    "Whole",
    "WritableFile",
    "WrongSetting",
    "nested",
    "setting",
]
