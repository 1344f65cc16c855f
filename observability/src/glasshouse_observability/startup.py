"""The start of a process that logs JSON: its settings are read first, and wrong settings end the process.

::

    with starting("worker") as reader:
        settings, telemetry = reader.settings(Settings), reader.settings(TelemetrySettings)

``gunicorn.conf.py`` does the same, so that gunicorn ends before it starts a worker.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

from glasshouse_observability.logs.file import SharedFileHandler
from glasshouse_observability.logs.formatter import JsonFormatter
from glasshouse_observability.settings import MISCONFIGURED, REQUIRED, Reader, TelemetrySettings, WrongSetting


def address(host: str, port: int) -> str:
    """Return the address in the form of gunicorn's ``bind``: an IPv6 address is in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@contextlib.contextmanager
def starting(service: str, env: Mapping[str, str] | None = None) -> Iterator[Reader]:
    """Return a reader of this service's settings; use the settings only after the ``with`` block.

    ``service`` is the default of ``OTEL_SERVICE_NAME``; "" if there is none and it is required. If a setting is wrong,
    one JSON line that names every wrong setting is logged and the process ends with status 78. Variables that look like
    misspelled settings are logged as warnings.
    """
    reader = Reader(env, OTEL_SERVICE_NAME=service)
    try:
        yield reader
        reader.finish()
    except WrongSetting as error:
        refuse(service, error, env)
    for sentence in reader.warnings():
        _log(service, env, logging.WARNING, "settings.unknown", sentence, [sentence.partition(" ")[0]])


def refuse(service: str, error: WrongSetting, env: Mapping[str, str] | None = None) -> NoReturn:
    """Log the error as one JSON line and end the process with status 78."""
    _log(service, env, logging.CRITICAL, "settings.wrong", str(error), error.names)
    sys.exit(MISCONFIGURED)


def _log(
    service: str, env: Mapping[str, str] | None, level: int, event: str, message: str, names: Sequence[str]
) -> None:
    """Write one line to the service's log. Logging is not configured yet, because that requires the settings."""
    # ``finish`` is not called, so wrong settings have their defaults here.
    settings = Reader(env, OTEL_SERVICE_NAME=service).settings(TelemetrySettings)
    record = logging.LogRecord("settings", level, __file__, 0, message, None, None)
    record.event, record.settings = event, list(names)
    name = "unknown" if settings.service is REQUIRED else settings.service
    line = JsonFormatter(name, settings.instance).line(record)
    sys.stdout.write(line.decode())
    sys.stdout.flush()
    if settings.log_file:
        file = SharedFileHandler(settings.log_file)
        file.write_line(line)
        file.close()
