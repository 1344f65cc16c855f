"""Log lines like the shop's, spread over a week."""

from __future__ import annotations

import random
import time

from lab.clients.http import direct_session
from log_gateway.store.numbers import marked

WEEK = 7 * 24 * 3600 * 10**9
BATCH = 20_000
# The benchmark searches for some of the ids.
_KEPT_EVERY = 997
_ROUTES = ("/api/v1/products", "/api/v1/products/{product_id}", "/api/v1/orders", "/api/v1/home", "/api/v1/auth/login")
_SERVICES = ("api",) * 6 + ("nginx",) * 3 + ("worker",) * 2 + ("payments",)
_LEVELS = ("INFO",) * 97 + ("WARNING",) * 2 + ("ERROR",)


class Filler:
    """Adds lines to a store; ``ids`` are request ids of stored lines."""

    def __init__(self, store: str, seed: int = 7) -> None:
        self._url = f"{store}/insert/jsonline?_stream_fields=service.name,level&_msg_field=m&_time_field=t"
        self._store, self._random = store, random.Random(seed)  # noqa: S311  (not for secrets)
        self.begin = time.time_ns() - WEEK
        self.ids: list[str] = []
        self.lines = 0

    def add(self, count: int) -> float:
        """Add lines, evenly over the week. Returns lines per second, excluding the time to generate them."""
        took = 0.0
        session = direct_session()
        done = 0
        while done < count:
            batch = min(BATCH, count - done)
            body = "\n".join(self._line(WEEK * (done + number) // count) for number in range(batch)).encode()
            began = time.perf_counter()
            session.post(
                self._url, data=body, headers={"Content-Type": "application/stream+json"}, timeout=60
            ).raise_for_status()
            took += time.perf_counter() - began
            done += batch
        session.get(f"{self._store}/internal/force_flush", timeout=60).raise_for_status()
        return count / took

    def _line(self, offset: int) -> str:
        draw = self._random
        request_id, trace_id = f"{draw.getrandbits(128):032x}", f"{draw.getrandbits(128):032x}"
        if self.lines % _KEPT_EVERY == 0:
            self.ids.append(request_id)
        self.lines += 1
        service, route = draw.choice(_SERVICES), draw.choice(_ROUTES)
        # In the gateway's format.
        seconds = marked(f"{draw.random():.6f}")
        at = self.begin + offset - offset % 1000 + 1000
        return (
            f'{{"t":"{at}","m":"GET {route} 200","service.name":"{service}","level":"{draw.choice(_LEVELS)}",'
            f'"service.instance.id":"{service}-{draw.randint(1, 2)}","event":"http.request",'
            f'"request_id":"{request_id}","trace_id":"{trace_id}","span_id":"{trace_id[:16]}",'
            f'"http_request_method":"GET","http_route":"{route}",'
            f'"http_response_status_code":"200","duration_seconds":"{seconds}"}}'
        )
