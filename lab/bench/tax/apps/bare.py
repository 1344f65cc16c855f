"""No telemetry: what the others are compared with. ddtrace, which needs no code, wraps this one too."""

from lab.bench.tax.apps.shop import connect, create_app

app = create_app(*connect())
