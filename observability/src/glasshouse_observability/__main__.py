"""Write Prometheus rules and a Grafana dashboard: ``python -m glasshouse_observability --help``."""

from __future__ import annotations

import sys

from glasshouse_observability.monitoring.command import main

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
