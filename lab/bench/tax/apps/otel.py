"""The application with logging only, for ``opentelemetry-instrument``."""

import logging

from lab.bench.tax.apps.logged import log_requests
from lab.bench.tax.apps.shop import connect, create_app

logging.getLogger().setLevel(logging.INFO)
app = create_app(*connect())
log_requests(app)
