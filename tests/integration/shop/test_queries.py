"""Every command that the shop sends to MongoDB is explained, and none scans a collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from pymongo import MongoClient, monitoring

from shop.bootstrap import Instruments, Shop, new_shop
from shop.config import Settings
from shop.domain.account import Role
from shop.domain.order import OrderStatus, new_order
from shop.domain.product import Product
from shop.ports import OrderFilter
from shop.services import utc_now

LAMP = Product("test-lamp", "Test Lamp", "lighting", "A lamp.", 4_900, 10)
EXPLAINABLE = ("find", "aggregate", "count", "update", "findAndModify", "delete")
DRIVERS = {
    "lsid",
    "$clusterTime",
    "txnNumber",
    "startTransaction",
    "autocommit",
    "$db",
    "$readPreference",
    "writeConcern",
}


Recorded = tuple[list[dict[str, Any]], MongoClient[dict[str, Any]], str]


class Recorder(monitoring.CommandListener):
    """Record the commands that can be explained."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in EXPLAINABLE:
            self.commands.append(deepcopy(dict(event.command)))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Do nothing."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Do nothing."""


def heard_by(recorder: Recorder, instruments: Instruments) -> Instruments:
    """Return the same shop, with clients that report their commands to ``recorder``."""
    return replace(instruments, mongo_client=partial(instruments.mongo_client, event_listeners=[recorder]))


def everything(shop: Shop) -> None:
    """Run every query of the shop once."""
    now = utc_now()
    shop.catalogue.add_missing([LAMP])
    shop.catalogue.page(5, None)
    shop.catalogue.page(5, "m")
    shop.catalogue.get_many([LAMP.id])
    shop.catalogue.get(LAMP.id)
    shop.catalogue.search("lamp", 5)
    shop.catalogue.best_sellers(5)
    shop.catalogue.add(Product("other-lamp", "Other", "lighting", "", 1, 1))
    shop.catalogue.change(LAMP.id, price_cents=1)
    shop.catalogue.add_views({LAMP.id: 1})
    for state in (None, OrderStatus.PENDING):
        for customer in (None, "acc_1"):
            shop.orders.page(OrderFilter(customer, state), 5, None)
            shop.orders.page(OrderFilter(customer, state, now, now + timedelta(hours=1)), 5, "ord_" + "f" * 32)
    order = shop.orders.add(new_order({LAMP.id: 1}, {LAMP.id: LAMP}, now, "key-1"), now)
    shop.orders.add(new_order({LAMP.id: 1}, {LAMP.id: LAMP}, now, "key-1"), now)
    shop.orders.get(order.id)
    shop.orders.due(now, 5)
    shop.orders.backlog(now)
    claimed = shop.orders.claim(order.id, now, now)
    assert claimed is not None
    shop.orders.postpone(order, now, excused=True)
    reserved = shop.orders.reserve(order, now)
    shop.orders.fail(reserved, "test", now)
    shop.orders.mark_notified(order, now)
    shop.orders.bury(order, "test", now)
    shop.orders.dead_letters(5, None)
    shop.orders.dead_letters(5, order.id[:-1])
    shop.orders.revive(order.id, now)
    account = shop.register("ann@example.com", "correct horse battery")
    shop.log_in("ann@example.com", "correct horse battery")
    shop.register.account(account.id)
    shop.register.ensure_admin("ann@example.com", "correct horse battery")
    assert shop.register.account(account.id).role is Role.ADMIN
    shop.revocations.revoke(["token-1"], now + timedelta(hours=1))
    shop.revocations.use_once("token-2", now + timedelta(hours=1))
    shop.redis_client.close()
    shop.revocations.any_revoked(["token-1"])
    shop.revocations._durable.find_one({"_id": {"$in": ["token-1"]}})
    shop.revocations.restore()


@pytest.fixture
def recorded(settings: Settings, instruments: Instruments) -> Iterator[Recorded]:
    recorder = Recorder()
    shop = new_shop(settings, heard_by(recorder, instruments))
    shop.prepare()
    recorder.commands.clear()
    everything(shop)
    with MongoClient[dict[str, Any]](settings.mongo_url) as client:
        yield recorder.commands, client, settings.mongo_database
        client.drop_database(settings.mongo_database)
    shop.stop()


def stages(plan: Any) -> set[str]:
    """Return the names of all stages anywhere in a plan."""
    if isinstance(plan, dict):
        own = {plan["stage"]} if isinstance(plan.get("stage"), str) else set()
        return own.union(*(stages(value) for value in plan.values()))
    if isinstance(plan, list):
        return set().union(*(stages(value) for value in plan)) if plan else set()
    return set()


def single(command: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the command without the driver's additions, one for each statement of an update, as explain requires."""
    bare = {name: value for name, value in command.items() if name not in DRIVERS and not name.startswith("$")}
    if "updates" in bare:
        return [{**bare, "updates": [update]} for update in bare["updates"]]
    return [bare]


def test_no_command_scans_a_collection(
    recorded: Recorded,
    record_property: Callable[[str, object], None],
) -> None:
    """Every find, findAndModify, update, aggregate and count uses an index."""
    commands, client, database = recorded
    kinds = set()
    for command in (one for sent in commands for one in single(sent)):
        plan = client[database].command("explain", command, verbosity="queryPlanner")
        found = stages(plan)
        assert "COLLSCAN" not in found, f"{command} scans: {sorted(found)}"
        kinds.add((next(iter(command)), str(command[next(iter(command))])))
    record_property("commands", len(commands))
    assert {("find", "orders"), ("findAndModify", "orders"), ("update", "products"), ("find", "accounts")} <= kinds
    assert len(commands) > 35


def test_every_command_names_its_trace(settings: Settings, instruments: Instruments) -> None:
    """Every command has its trace as a comment, which MongoDB writes into its slow-query log."""
    recorder = Recorder()
    shop = new_shop(settings, heard_by(recorder, instruments))
    shop.prepare()
    recorder.commands.clear()
    with instruments.telemetry.tracer("test").start_as_current_span("work") as span:
        shop.catalogue.page(1, None)
        shop.orders.due(utc_now(), 1)
    shop.stop()
    trace_id = format(span.get_span_context().trace_id, "032x")
    assert [f"trace_id={trace_id}" in command["comment"] for command in recorder.commands] == [True, True]
