"""The payment service as gunicorn loads it."""

from pymongo import MongoClient

from observability import Telemetry
from observability.database import DatabaseMetrics
from observability.mongo import instrument_mongo
from payments.factory import create_app
from payments.ledger import Ledger
from payments.settings import PaymentSettings

settings = PaymentSettings.from_env()
telemetry = Telemetry.start(service="payments")
listeners = instrument_mongo(telemetry, DatabaseMetrics(telemetry.registry))
# Shorter than its clients' patience: they hear "unavailable" rather than nothing.
client: MongoClient[dict[str, object]] = MongoClient(
    settings.mongo_url,
    appname=telemetry.settings.instance,
    event_listeners=listeners,
    serverSelectionTimeoutMS=1000,
    connectTimeoutMS=1000,
    # Over all: the search for the server, the command and the driver's retry; each alone would have its own limit.
    timeoutMS=1500,
    tz_aware=True,
)
app = create_app(Ledger(client, settings.database), telemetry, settings.limit_cents)
