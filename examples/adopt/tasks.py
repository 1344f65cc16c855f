"""The jobs of the guestbook, and ``python tasks.py``, the worker that runs them."""

import logging
import os

import redis
from rq import Worker

from glasshouse_observability import Telemetry, instrument_rq

log = logging.getLogger("letters")


def send_letter(name: str, text: str) -> None:
    """Send a guest a letter; an empty one cannot be sent."""
    if not text:
        raise ValueError("an empty letter")
    log.info("letter sent", extra={"event": "letter.sent", "characters": len(text)})


if __name__ == "__main__":
    instrument_rq(Telemetry.start("guestbook-worker"))
    Worker(["letters"], connection=redis.Redis.from_url(os.environ["REDIS_URL"])).work()
