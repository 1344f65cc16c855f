"""The payment service as gunicorn loads it."""

from functools import partial
from typing import Any

from pymongo import MongoClient

from faults.wiring import faults_from_env
from glasshouse_observability import Telemetry, instrument_mongo
from payments.factory import create_app
from payments.ledger import Ledger
from payments.preparation import prepare
from payments.settings import PaymentSettings

settings = PaymentSettings.from_env()
telemetry = Telemetry.start(service="payments")
instrument_mongo(telemetry)
# Shorter than its clients' time limit, so that they get a 503 instead of a timeout.
client: MongoClient[dict[str, Any]] = MongoClient(
    settings.mongo_url,
    appname=telemetry.settings.instance,
    serverSelectionTimeoutMS=1000,
    connectTimeoutMS=1000,
    # One limit for server selection, the command and the driver's retry together; each would otherwise have its own
    # limit.
    timeoutMS=1500,
    tz_aware=True,
)
ledger = Ledger(client, settings.database, telemetry.registry)
faults = faults_from_env(telemetry.settings.service, telemetry.settings.instance)
extend = None
if faults is None:
    prepare(ledger.prepare)
else:
    from payments import fault_injection

    extend = partial(fault_injection.install, faults=faults)
    faults.listen(fault_injection.LostIndex(faults, ledger.charges, ledger.prepare).look)
    faults.start()
app = create_app(ledger, telemetry, settings.limit_cents, extend)
