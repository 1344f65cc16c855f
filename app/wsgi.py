"""The API as gunicorn loads it: wired in the worker process, after the fork."""

from app.factory import create_app
from app.prepare import Preparation
from observability import Telemetry
from shop.bootstrap import Instruments, new_shop
from shop.config import Settings

telemetry = Telemetry.start(service="api")
shop = new_shop(Settings.from_env(), Instruments.install(telemetry))
preparation = Preparation(shop.prepare)
preparation.start()
app = create_app(shop, telemetry, preparation)
