"""The application without telemetry, the baseline. ddtrace, which needs no code, also uses this module."""

from lab.bench.tax.apps.shop import connect, create_app

app = create_app(*connect())
