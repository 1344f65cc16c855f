"""The application with logfire, set up as documented for a self-hosted backend; faster without console output."""

import logging
import os

import logfire

from lab.bench.tax.apps.logged import log_requests
from lab.bench.tax.apps.shop import connect, create_app

_head = os.environ.get("LOGFIRE_HEAD")
logfire.configure(
    service_name="shop",
    send_to_logfire=False,
    console=False,
    sampling=logfire.SamplingOptions(head=float(_head)) if _head else None,
)
logfire.instrument_redis()
logfire.instrument_pymongo()
logging.basicConfig(handlers=[logfire.LogfireLoggingHandler()], level=logging.INFO)
app = create_app(*connect())
logfire.instrument_flask(app)
log_requests(app)
