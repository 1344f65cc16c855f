"""The profile `full` runs three MongoDB members and exports their lag, and the stack can return to one member."""

from __future__ import annotations

from tests.compose.composed import Composed
from tests.compose.test_kill import kill
from tests.e2e.test_outages import orders_work, running
from tests.waiting import wait_until

MEMBERS = {"mongo:27017", "mongo-2:27017", "mongo-3:27017"}


def test_three_members_and_their_lag(stack: Composed) -> None:
    """Prometheus has the secondaries' lag, a killed primary loses no order, and one member can continue alone."""
    stack.up(profiles=["full"])

    def lags() -> dict[str, float]:
        return {
            row["metric"]["member"]: float(row["value"][1]) for row in stack.query("mongodb_replication_lag_seconds")
        }

    wait_until("the lag of both secondaries", lambda: set(lags()) == MEMBERS - {"mongo:27017"}, 60)
    wait_until("orders to work", lambda: orders_work(stack), 60)
    wait_until("both to be in sync", lambda: max(lags().values()) <= 10, 30)

    pid = running(stack, "mongo")
    assert pid
    kill(pid)
    wait_until("mongo to run again", lambda: running(stack, "mongo") not in (None, pid), 40)
    wait_until("orders to work again", lambda: orders_work(stack), 60)

    # Down and up without the profile: the first member continues alone.
    stack.compose("--profile", "full", "down", "--timeout", "20")
    stack.up()
    wait_until("orders to work with one member", lambda: orders_work(stack), 60)
    # `down --volumes` without the profile keeps volumes that only the profile uses.
    stack.engine.docker("volume", "rm", *(f"{stack.project}_{name}" for name in ("mongo-2", "mongo-3")))
