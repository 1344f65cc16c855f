"""The API as gunicorn loads it: wired in the worker process, after the fork."""

import atexit

from app.factory import create_app
from app.prepare import Preparation
from app.profiling.store import RedisProfiles
from app.settings import ApiSettings
from faults.wiring import faults_from_env
from glasshouse_observability import Telemetry
from shop.bootstrap import Instruments, new_shop
from shop.config import Settings

telemetry = Telemetry.start(service="api")
faults = faults_from_env(telemetry.settings.service, telemetry.settings.instance)
shop = new_shop(Settings.from_env(), Instruments.install(telemetry), faults)
preparation = Preparation(shop.prepare)
preparation.start()
shop.start()
# Handlers run in reverse order: views are written and connections closed before the telemetry is flushed.
atexit.register(shop.stop)
extend = None
if faults is not None:
    from app.faults.setup import extension

    extend = extension(faults, telemetry)
    faults.start()
profiles = RedisProfiles(shop.redis_client)
app = create_app(shop, telemetry, preparation, ApiSettings.from_env(), extend, profiles)
