"""`down` keeps the data, and `down --volumes` removes everything. These tests run last, as they remove the stack."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.compose.composed import ONE_SHOT, Composed
from tests.waiting import wait_until


@contextmanager
def foreground(stack: Composed) -> Iterator[None]:
    """Run `docker compose up` in the foreground until it has printed the addresses, and press Ctrl-C at the end."""
    log = stack.state_dir / "foreground.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            ["docker", "compose", "up"], cwd=stack.folder, env=stack.env, stdout=stream, stderr=stream
        )
    try:
        wait_until("the addresses", lambda: process.poll() is not None or "show shop-admin" in log.read_text(), 240)
        assert process.poll() is None, log.read_text()[-3000:]
        for service, port in stack.ports.items():
            assert f"http://127.0.0.1:{port}" in log.read_text(), service
        yield
        process.send_signal(signal.SIGINT)
        process.wait(90)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def test_data_survives_down_and_up(stack: Composed) -> None:
    """After `down` and `up` the order and its telemetry still exist, and Ctrl-C stops every container."""
    answer = stack.place_order()
    order, request, trace = answer.json()["id"], answer.headers["X-Request-ID"], answer.headers["X-Trace-ID"]
    assert stack.final_order(order)["status"] == "confirmed"
    query = f'{{service_name="api"}} | request_id="{request}"'
    wait_until("the order's lines in Loki", lambda: stack.log_lines(query), 30)
    wait_until("the order's trace in Jaeger", lambda: stack.trace(trace)["spans"], 30)
    samples = 'count_over_time(up{job="api",instance="api-1"}[1h])'
    before = wait_until("samples in Prometheus", lambda: stack.number(samples), 30)

    stack.compose("down", "--timeout", "30")
    assert stack.containers() == []
    with foreground(stack):
        assert stack.api("GET", f"/api/v1/orders/{order}").json()["status"] == "confirmed"
        assert any(order in str(item) for item in stack.get("console", "/api/inbox", kind="email")["items"])
        wait_until("the earlier lines in Loki", lambda: stack.log_lines(query), 60)
        wait_until("the earlier trace in Jaeger", lambda: stack.trace(trace)["spans"], 60)
        wait_until("the earlier samples in Prometheus", lambda: (stack.number(samples) or 0) > before, 60)
    assert {row["State"] for row in stack.containers()} == {"exited"}


def test_lost_passwords_are_reported_and_the_old_ones_restore_the_data(stack: Composed) -> None:
    """If the volumes of two passwords are deleted, the error names both remedies, and the first restores the data.

    The old passwords are set in `.env.secrets`, which is also how a user chooses a password.
    """
    old = {"MONGO_ROOT_PASSWORD": stack.password("mongo-root"), "GRAFANA_ADMIN_PASSWORD": stack.password("grafana")}
    stack.compose("down", "--timeout", "30")
    stack.engine.docker("volume", "rm", *(f"{stack.project}_secret-{name}" for name in ("mongo-root", "grafana")))

    failed = stack.tries("up", "--wait", seconds=240)
    assert failed.returncode != 0
    assert 'service "mongo-prepare" didn\'t complete successfully: exit 1' in failed.stderr
    for service, variable in (("mongo-prepare", "MONGO_ROOT_PASSWORD"), ("grafana", "GRAFANA_ADMIN_PASSWORD")):
        reported = stack.compose("logs", service)
        assert "was created with another password" in reported
        assert f"set {variable} to the old password in .env.secrets" in reported
        assert "docker" in reported.partition(variable)[2], "the remedy without the old password"

    # Grafana was restarted repeatedly with its error. The new password of Redis requires quoting everywhere.
    chosen = {**old, "REDIS_PASSWORD": 'we"ird \\ p@s/s#%:$x'}
    secrets = stack.folder / ".env.secrets"
    secrets.write_text("".join(f"{name}='{value}'\n" for name, value in chosen.items()))
    stack.compose("down", "--timeout", "30")
    stack.up()
    assert {
        "MONGO_ROOT_PASSWORD": stack.password("mongo-root"),
        "GRAFANA_ADMIN_PASSWORD": stack.password("grafana"),
        "REDIS_PASSWORD": stack.password("redis"),
    } == chosen
    assert stack.final_order(stack.place_order().json()["id"])["status"] == "confirmed"
    wait_until("the exporter to sign in to Redis", lambda: stack.number("redis_up") == 1, 40)


def test_every_one_shot_service_has_ended_with_success(stack: Composed) -> None:
    """All one-shot services have exited with success, even after several starts."""
    codes = {row["Service"]: row["ExitCode"] for row in stack.containers() if row["Service"] in ONE_SHOT}
    assert codes == dict.fromkeys(ONE_SHOT - {"mongo-join"}, 0)


def test_down_with_volumes_leaves_nothing(stack: Composed) -> None:
    """After `down --volumes` the project has no containers, volumes or networks."""
    stack.compose("down", "--volumes", "--timeout", "20")
    label = f"label=com.docker.compose.project={stack.project}"
    for kind in (("ps", "--all"), ("volume", "ls"), ("network", "ls")):
        assert stack.engine.docker(*kind, "--quiet", "--filter", label).split() == [], kind
