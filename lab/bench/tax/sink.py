"""``python -m lab.bench.tax.sink PORT…``: receive the variants' exports, respond like their backends, count them.

Each variant has a separate port, so that its deliveries can be counted. Supports OTLP/HTTP, Sentry envelopes, Datadog's
agent and Elastic's APM server. ``GET /counts`` returns what was received: ``{path: {"posts": …, "bytes": …}}``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from functools import partial

_JSON = "application/json"
_DATADOG_INFO = {
    "version": "7.70.0",
    "endpoints": ["/v0.4/traces", "/v0.5/traces", "/telemetry/proxy/"],
    "client_drop_p0s": False,
}

Counts = dict[str, dict[str, int]]


def answer_to(method: str, path: str, counts: Counts) -> tuple[int, str, bytes]:
    """Return the status, content type and body that the backend of ``path`` would return."""
    if path == "/counts":
        return 200, _JSON, json.dumps(counts).encode()
    if path.startswith("/v1/"):
        return 200, "application/x-protobuf", b""
    if path.endswith("/traces"):
        return 200, _JSON, b'{"rate_by_service":{}}'
    if path == "/info":
        return 200, _JSON, json.dumps(_DATADOG_INFO).encode()
    if path.startswith("/api/"):
        return 200, _JSON, b'{"id":"00000000000000000000000000000000"}'
    if path == "/intake/v2/events":
        return 202, _JSON, b""
    if path == "/" and method == "GET":
        return 200, _JSON, b'{"version":"8.17.0","build_date":"","build_sha":""}'
    if path == "/config/v1/agents":
        return 200, _JSON, b"{}"
    if path.startswith("/telemetry/"):
        return 202, _JSON, b"{}"
    return 404, _JSON, b"{}"


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> int:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return len(await reader.readexactly(int(headers.get("content-length", "0"))))
    total = 0
    while size := int((await reader.readline()).split(b";")[0], 16):
        total += len(await reader.readexactly(size))
        await reader.readline()
    await reader.readline()
    return total


async def _serve(counts: Counts, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while line := await reader.readline():
            method, target, _ = line.decode("latin-1").split(" ", 2)
            headers = {}
            while (raw := await reader.readline()) not in (b"\r\n", b""):
                name, _, value = raw.decode("latin-1").partition(":")
                headers[name.strip().lower()] = value.strip()
            if headers.get("expect", "").lower() == "100-continue":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            size, path = await _body(reader, headers), target.partition("?")[0]
            status, kind, body = answer_to(method, path, counts)
            if path != "/counts" and status < 300:
                counts[path]["posts"] += 1
                counts[path]["bytes"] += size
            head = f"HTTP/1.1 {status} OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the exporter has disconnected; its deliveries are already counted
    finally:
        writer.close()


async def main(ports: list[int]) -> None:
    """Listen until a signal arrives."""
    servers = []
    for port in ports:
        counts: Counts = defaultdict(lambda: {"posts": 0, "bytes": 0})
        servers.append(await asyncio.start_server(partial(_serve, counts), "127.0.0.1", port))
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main([int(port) for port in sys.argv[1:]]))
