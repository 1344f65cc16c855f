"""Inhibition: each rule works on a live Alertmanager, and no two alerts mute each other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from tests.rules.alertmanager_live import Alertmanager, alertmanager, receivers
from tests.rules.alerts import CONFIG, labels, mutes, rules
from tests.waiting import wait_until

FELT = "shop"


def page(name: str, layer: str = "cause", **more: str) -> dict[str, str]:
    return {"alertname": name, "severity": "page", "layer": layer, **more}


def ticket(name: str, layer: str = "cause", **more: str) -> dict[str, str]:
    return {"alertname": name, "severity": "ticket", "layer": layer, **more}


def burn(tier: str, **more: str) -> dict[str, str]:
    return {"alertname": "ApiAvailabilityBurn", "severity": tier.split("-")[0], "layer": "budget", "tier": tier,
            "slo": "api-availability", "service": "api", **more}  # fmt: skip


def opened(first: str, **more: str) -> dict[str, str]:
    return {"alertname": "IncidentOpen", "severity": "none", "first": first, **more}


def recent(**more: str) -> dict[str, str]:
    return {"alertname": "IncidentRecent", "severity": "none", **more}


# Pairs of a muting and a muted alert. Each pair has its own scope.
MUTED: list[tuple[dict[str, str], dict[str, str]]] = [
    # The alert that opened the incident mutes every other page of the incident, in either direction.
    (opened("FrontDoorDown"), page("ApiErrorRatioHigh", "symptom")),
    (opened("MongoDown"), page("PaymentsFailing")),
    (opened("ApiDown"), page("WorkerDown")),
    (opened("RedisDown"), page("WorkerDown")),
    (opened("PaymentsDown"), page("PaymentsFailing")),
    (opened("WorkerDown"), page("OrdersStuck", "symptom")),
    (opened("PaymentsFailing"), page("PaymentsDown")),
    (opened("ApiErrorRatioHigh"), page("MongoDown")),
    (opened("ApiLatencyHigh"), page("ApiErrorRatioHigh", "symptom")),
    (opened("OrdersStuck"), page("PaymentsFailing")),
    # Budgets.
    (page("MongoDown"), burn("page-fast")),
    (page("ApiErrorRatioHigh", "symptom"), burn("page-slow")),
    (page("ApiErrorRatioHigh", "symptom"), burn("ticket-fast")),
    (recent(), burn("page-fast")),
    (recent(tier="page-slow"), burn("page-slow")),
    (opened("ApiAvailabilityBurn", tier="page-slow"), burn("page-fast", alertname="AnotherBurn")),
    (opened("ApiLatencyBurn", tier="page-slow"), burn("page-fast", alertname="AnotherBurn")),
    (opened("OrderPlacementBurn", tier="page-slow"), burn("page-fast", alertname="AnotherBurn")),
    (opened("OrderFreshnessBurn", tier="page-slow"), burn("page-fast", alertname="AnotherBurn")),
    (opened("PaymentSuccessBurn", tier="page-slow"), burn("page-fast", alertname="AnotherBurn")),
    (opened("ApiAvailabilityBurn", tier="page-fast"), burn("page-slow")),
    (burn("page-fast"), burn("page-slow", alertname="Slower")),
    (burn("page-fast"), burn("ticket-fast", alertname="Slower")),
    (burn("page-fast"), burn("ticket-slow", alertname="Slower")),
    (burn("page-slow"), burn("ticket-fast", alertname="Slower")),
    (burn("page-slow"), burn("ticket-slow", alertname="Slower")),
    (burn("ticket-fast"), burn("ticket-slow", alertname="Slower")),
    # Tickets.
    (page("MongoDown"), ticket("DeadLetters", "symptom")),
    (opened("MongoDown"), ticket("DeadLetters", "symptom")),
    (opened("MongoDown"), burn("ticket-slow")),
    (page("ApiDown", service="api"), ticket("ReplicaDown", service="api")),
    (page("PaymentsFailing"), ticket("CircuitOpen")),
    (opened("PaymentsDown"), ticket("CircuitOpen")),
    (page("PaymentsDown"), ticket("PaymentLatencyHigh")),
    (page("MongoDown"), ticket("MongoPoolExhausted")),
    (page("RedisDown"), ticket("CacheHitRatioLow")),
    (ticket("CircuitOpen"), ticket("PaymentLatencyHigh")),
    (ticket("JaegerDown"), ticket("CollectorDropping")),
    (ticket("LogStoreDown"), burn("ticket-fast", alertname="LogDeliveryBurn")),
    (ticket("ConsoleDown", instance="console"), ticket("TelemetryTargetDown", instance="console")),
]

# Alerts that must be notified although the other alert also fires.
NOTIFIED: list[tuple[dict[str, str], dict[str, str]]] = [
    (opened("MongoDown"), page("MongoDown")),
    (opened("ApiAvailabilityBurn", tier="page-fast"), page("ApiErrorRatioHigh", "symptom")),
    (opened("ApiAvailabilityBurn", tier="page-slow"), burn("page-fast")),
    (opened("ApiAvailabilityBurn", tier="page-fast"), ticket("DeadLetters", "symptom")),
    # An alert that is not listed mutes no other page, because too many notifications are better than too few.
    (opened("SomethingNew"), page("MongoDown")),
    (recent(), page("MongoDown")),
    (recent(tier="page-slow"), burn("page-fast")),
    (recent(), burn("ticket-fast")),
    (burn("page-fast"), page("ApiErrorRatioHigh", "symptom")),
    (burn("page-fast"), burn("page-slow", alertname="Another", slo="order-placement")),
    (page("MongoDown"), ticket("HostDiskFull")),
    (page("ApiDown", service="api"), ticket("ReplicaDown", service="payments")),
    (ticket("ReplicaDown", service="api"), page("ApiErrorRatioHigh", "symptom", service="api")),
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    with receivers() as kept, alertmanager(tmp_path_factory.mktemp("inhibition") / "run", kept) as started:
        yield started


def in_scope(cases: list[tuple[dict[str, str], dict[str, str]]]) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Start Alertmanager with all pairs firing, each in its own scope (and objective)."""
    found = []
    for number, (source, target) in enumerate(cases):
        scope = {"scope": f"case-{number}"}
        found.append((source | scope, target | scope))
    return found


def own_slo(alert: dict[str, str], scope: str) -> dict[str, str]:
    return alert | {"slo": f"{alert['slo']}-{scope}"} if "slo" in alert else alert


def test_every_pair_mutes_in_one_direction_and_one_scope(running: Alertmanager) -> None:
    """Each source mutes its target, no target mutes its source, and targets of other scopes are not muted."""
    pairs = [(own_slo(one, one["scope"]), own_slo(other, other["scope"])) for one, other in in_scope(MUTED)]
    elsewhere = [
        own_slo(other, "other")
        | {"scope": f"other-{other['scope']}", "service": f"other-{number}", "instance": "other"}
        for number, (_, other) in enumerate(pairs)
    ]
    everything = [alert for pair in pairs for alert in pair] + elsewhere
    running.fire(*everything)
    wanted = {(target["alertname"], target["scope"]) for _, target in pairs}
    wait_until("all targets to be muted", lambda: running.muted() >= wanted)
    assert running.muted() == wanted
    running.resolve(*everything)


def test_what_is_not_the_same_incident_is_notified(running: Alertmanager) -> None:
    """None of these alerts mutes the other."""
    pairs = [(own_slo(one, one["scope"]), own_slo(other, other["scope"])) for one, other in in_scope(NOTIFIED)]
    everything = [alert for pair in pairs for alert in pair]
    control = [opened("MongoDown") | {"scope": "control"}, page("ApiDown") | {"scope": "control"}]
    running.fire(*everything, *control)
    wait_until("the control to be muted", lambda: ("ApiDown", "control") in running.muted())
    assert running.muted() & {(target["alertname"], target["scope"]) for _, target in pairs} == set()
    running.resolve(*everything, *control)


def test_every_rule_has_a_pair() -> None:
    """Every inhibition rule has a pair that would not mute without it."""
    for rule in CONFIG["inhibit_rules"]:
        only = {"inhibit_rules": [rule]}
        assert any(_mutes_by(only, *pair) for pair in in_scope(MUTED)), rule


def _mutes_by(config: dict[str, Any], source: dict[str, str], target: dict[str, str]) -> bool:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CONFIG, "inhibit_rules", config["inhibit_rules"])
        return mutes(source, target)


def all_alerts() -> list[dict[str, str]]:
    """Return every alert of the rules in one scope, and IncidentOpen for each page that can open an incident."""
    known = [labels(rule) for rule in rules() if rule["alert"] != "IncidentOpen"]
    known += [opened(one["alertname"]) for one in known if opens(one)]
    same = {"scope": FELT, "service": "same", "instance": "same"}
    return [one | same | ({"slo": "same"} if "slo" in one else {}) for one in known]


def opens(alert: dict[str, str]) -> bool:
    return alert["severity"] == "page" and alert.get("layer") in ("cause", "symptom")


def test_never_do_two_mute_each_other() -> None:
    """No two alerts mute each other in any scope, because neither would be notified."""
    both = [pair for pair in combinations(all_alerts(), 2) if mutes(*pair) and mutes(*reversed(pair))]
    assert both == []


@pytest.mark.parametrize(
    "rule", [rule for rule in rules() if labels(rule)["severity"] == "page"], ids=lambda rule: rule["alert"]
)
def test_a_page_that_opens_an_incident_is_known(rule: dict[str, Any]) -> None:
    """Each page has an inhibition rule for the case that it opens an incident, so that it mutes other pages."""
    alert = {**labels(rule), "scope": FELT}
    another = page("Another", "budget" if alert.get("layer") == "budget" else "cause", scope=FELT)
    assert mutes({**opened(rule["alert"]), "scope": FELT}, another)
    assert not mutes({**opened(rule["alert"]), "scope": FELT}, alert)


def test_one_alert_is_notified_whatever_fires() -> None:
    """With every alert firing in one scope, only the page that opened the incident is sent."""
    known = all_alerts()
    for first in (one["alertname"] for one in known if opens(one)):
        now = [one for one in known if one["alertname"] != "IncidentOpen"]
        sources = [*now, opened(first) | {"scope": FELT}]
        sent = {one["alertname"] for one in now
                if one["severity"] == "page" and not any(mutes(source, one) for source in sources)}  # fmt: skip
        assert sent == {first}
