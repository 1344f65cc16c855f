"""The notifications of a live Alertmanager during an incident: their number, receivers and resolutions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rules.alertmanager_live import Alertmanager, Receivers, alertmanager, receivers
from tests.rules.test_inhibition import burn, opened, page, recent, ticket
from tests.waiting import wait_until

SAID = {
    "summary": "12% of the requests to the API fail, and this summary is longer than a phone can show",
    "impact": "Customers cannot order.",
    "threshold": "5% over 1 minute",
    "runbook_url": "/runbooks/ApiErrorRatioHigh",
    "dashboard_url": "https://elsewhere.example/d/glasshouse-api",
    "log_query": '{service_name="api"} | http_response_status_code >= 500',
}
SYMPTOM = page("ApiErrorRatioHigh", "symptom", scope="shop", service="api")
CAUSE = page("MongoDown", scope="shop", service="mongo")


@pytest.fixture
def kept() -> Iterator[Receivers]:
    with receivers() as started:
        yield started


@pytest.fixture
def running(tmp_path: Path, kept: Receivers) -> Iterator[Alertmanager]:
    with alertmanager(tmp_path / "run", kept) as started:
        yield started


def in_shop(alert: dict[str, str]) -> dict[str, str]:
    return {**alert, "scope": "shop"}


def paged(kept: Receivers, times: int = 1) -> None:
    wait_until(f"page {times}", lambda: len(kept.notifications("pages", "firing")) == times)


def over(kept: Receivers, times: int = 1) -> None:
    wait_until(f"all-clear {times}", lambda: len(kept.notifications("pages", "resolved")) == times)


def test_a_cause_and_all_that_follows_from_it_is_one_page(running: Alertmanager, kept: Receivers) -> None:
    """Only the cause's page and its resolution are sent, although symptom, budget and ticket fire and outlast it."""
    opening = in_shop(opened("MongoDown"))
    follow = [SYMPTOM, in_shop(burn("page-fast")), in_shop(ticket("QueueOld", "symptom"))]
    running.fire(CAUSE, opening, in_shop(recent()))
    paged(kept)
    running.fire(*follow)
    running.until_withheld()
    running.resolve(CAUSE)
    over(kept)
    running.until_withheld()
    running.resolve(*follow)
    running.until_withheld()
    running.resolve(opening)
    assert kept.notified("pages", "firing") == [["MongoDown"]]
    assert kept.notified("pages", "resolved") == [["MongoDown"]]
    assert kept.notified("tickets", "firing") == []


def test_a_cause_that_comes_late_does_not_page_again(running: Alertmanager, kept: Receivers) -> None:
    """A symptom that has paged keeps its page until it is resolved, and the resolution is notified."""
    running.fire(SYMPTOM, in_shop(opened("ApiErrorRatioHigh")))
    paged(kept)
    running.fire(CAUSE)
    running.until_withheld()
    running.resolve(CAUSE)
    running.until_withheld(times=1)
    running.resolve(SYMPTOM)
    over(kept)
    assert kept.notified("pages", "firing") == [["ApiErrorRatioHigh"]]
    assert kept.notified("pages", "resolved") == [["ApiErrorRatioHigh"]]


def test_what_begins_together_is_one_page(running: Alertmanager, kept: Receivers) -> None:
    """Two pages before IncidentOpen are sent in one message, and no other message follows when one of them is muted."""
    running.fire(CAUSE, SYMPTOM)
    paged(kept)
    running.fire(in_shop(opened("MongoDown")))
    running.until_withheld()
    running.resolve(CAUSE, SYMPTOM)
    over(kept)
    assert [sorted(names) for names in kept.notified("pages", "firing")] == [["ApiErrorRatioHigh", "MongoDown"]]


def test_without_the_helper_alert_there_are_too_many_notifications(running: Alertmanager, kept: Receivers) -> None:
    """Alertmanager notifies of a group again when an alert joins it, which is the reason for IncidentOpen."""
    running.fire(SYMPTOM)
    paged(kept)
    running.fire(CAUSE)
    paged(kept, 2)


def test_a_budget_that_burns_does_not_hold_up_an_outage(running: Alertmanager, kept: Receivers) -> None:
    """The outage has its own group, so that it does not wait for the interval of an existing group."""
    running.fire(in_shop(burn("page-fast")))
    paged(kept)
    running.fire(CAUSE, in_shop(opened("MongoDown")))
    paged(kept, 2)
    keys = [one["groupKey"] for one in kept.notifications("pages", "firing")]
    assert len(set(keys)) == 2
    assert [len(names) for names in kept.notified("pages", "firing")] == [1, 1]


def test_what_still_fires_after_the_incident_pages(running: Alertmanager, kept: Receivers) -> None:
    """A page that IncidentOpen muted is sent when IncidentOpen has ended, because it has another cause."""
    running.fire(CAUSE, SYMPTOM, in_shop(opened("MongoDown")))
    paged(kept)
    running.resolve(CAUSE)
    over(kept)
    running.resolve(in_shop(opened("MongoDown")))
    running.fire(in_shop(opened("ApiErrorRatioHigh")))
    paged(kept, 2)
    assert kept.notified("pages", "firing")[1] == ["ApiErrorRatioHigh"]


def test_an_alert_that_ends_while_muted_is_never_notified_as_resolved(running: Alertmanager, kept: Receivers) -> None:
    """No resolution is sent for an alert that ends while muted, so a late cause must not mute a symptom's page."""
    muted_ticket = ticket("CircuitOpen", scope="shop")
    running.fire(muted_ticket)
    wait_until("the ticket", lambda: kept.notified("tickets", "firing") == [["CircuitOpen"]])
    running.fire(page("PaymentsDown", scope="shop"))
    paged(kept)
    running.until_withheld()
    running.resolve(muted_ticket)
    running.until_withheld(times=1)
    running.resolve(page("PaymentsDown", scope="shop"))
    over(kept)
    assert kept.notified("tickets", "resolved") == []


def test_a_ticket_is_notified_with_its_end(running: Alertmanager, kept: Receivers) -> None:
    """Tickets are sent to their own receiver, with one message for each kind and service."""
    alerts = [ticket("ReplicaDown", scope="shop", service=name) for name in ("api", "worker")]
    running.fire(*alerts)
    wait_until("two tickets", lambda: len(kept.notifications("tickets", "firing")) == 2)
    running.resolve(*alerts)
    wait_until("two all-clears", lambda: len(kept.notifications("tickets", "resolved")) == 2)
    assert kept.notifications("pages") == []


def test_mail_reads_well_on_a_phone(running: Alertmanager, kept: Receivers) -> None:
    """The subject has sixty characters and starts with the problem, links are absolute, the end has the duration."""
    running.fire(SYMPTOM, annotations=SAID)
    mail = wait_until("the mail", lambda: next(iter(kept.mails), None))
    assert mail["subject"] == "PAGE ApiErrorRatioHigh: 12% of the requests to the API fa..."
    assert len(mail["subject"]) <= 60
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    lines = text.get_content().strip().splitlines()
    assert lines[0] == SAID["summary"]
    assert lines[2:4] == [
        "Impact: Customers cannot order.",
        "Alert: ApiErrorRatioHigh (page), threshold: 5% over 1 minute",
    ]
    assert "Runbook: http://console.example:8080/runbooks/ApiErrorRatioHigh" in lines
    assert "Dashboard: https://elsewhere.example/d/glasshouse-api" in lines
    assert "All alerts: http://console.example:8080/alerts" in lines
    assert "Silence:    http://alertmanager.example:9093/#/silences/new" in lines
    assert SAID["log_query"] in lines
    assert 'href="http://console.example:8080/runbooks/ApiErrorRatioHigh"' in html.get_content()
    assert "{service_name=&#34;api&#34;}" in html.get_content()
    running.resolve(SYMPTOM)
    end = wait_until("the e-mail that the alert is resolved", lambda: next(iter(kept.mails[1:]), None))
    assert end["subject"].startswith("RESOLVED ApiErrorRatioHigh after ")
    for either in (mail, end):
        assert "no value" not in either.as_string()


def test_tickets_wait_in_their_mute_time(tmp_path: Path, kept: Receivers) -> None:
    """A ticket is muted and shows the mute time; a page is not muted."""

    def always(text: str) -> str:
        assert 'years: ["2000"]' in text
        return text.replace('years: ["2000"]', 'years: ["2000:2999"]')

    with alertmanager(tmp_path / "run", kept, change=always) as running:
        running.fire(ticket("DeadLetters", "symptom", scope="shop", service="orders"))
        running.fire(page("HostGone", scope="host"))
        paged(kept)
        wait_until("the ticket to be muted", lambda: running.muted_by_time().get("tickets") == ["tickets-wait"])
        assert running.muted_by_time()["pages"] == []
    assert kept.notifications("tickets") == []


def ready_made(kept: Receivers) -> dict[str, str]:
    return {"slack_url": f"{kept.url}/slack", "pagerduty_key": "pd-key", "opsgenie_key": "og-key"}


def to_the_desk(kept: Receivers, text: str) -> str:
    """Replace the addresses of PagerDuty and Opsgenie, which are Alertmanager's defaults, by this machine's."""
    urls = f"  pagerduty_url: {kept.url}/pagerduty\n  opsgenie_api_url: {kept.url}/opsgenie/\n"
    return text.replace("global:\n", f"global:\n{urls}", 1)


def test_ready_made_receivers_are_switched_on_by_their_files(tmp_path: Path, kept: Receivers) -> None:
    """Slack, PagerDuty and Opsgenie each receive a page and its resolution, with the secret from its file."""
    with alertmanager(tmp_path / "run", kept, ready_made(kept), lambda text: to_the_desk(kept, text)) as running:
        running.fire(SYMPTOM, annotations=SAID)
        slack, pager, genie = (
            wait_until(f"{name} to be notified", lambda name=name: kept.asked(f"/{name}"))[0]
            for name in ("slack", "pagerduty", "opsgenie")
        )
        running.resolve(SYMPTOM)
        wait_until("the end in Slack", lambda: kept.asked("/slack")[1:])
        wait_until("the end in PagerDuty", lambda: kept.asked("/pagerduty")[1:])
        wait_until("the end in Opsgenie", lambda: any("/close" in call.path for call in kept.asked("/opsgenie")))
    attachment = slack.body["attachments"][0]
    assert attachment["title"].startswith("PAGE ApiErrorRatioHigh: 12%")
    assert attachment["title_link"] == "http://console.example:8080/alerts"
    assert "<http://console.example:8080/runbooks/ApiErrorRatioHigh|Runbook>" in attachment["text"]
    assert (pager.body["routing_key"], pager.body["event_action"]) == ("pd-key", "trigger")
    assert pager.body["payload"]["summary"].startswith("PAGE ApiErrorRatioHigh")
    assert pager.body["payload"]["severity"] == "critical"
    assert kept.asked("/pagerduty")[1].body["event_action"] == "resolve"
    assert kept.asked("/pagerduty")[1].body["dedup_key"] == pager.body["dedup_key"]
    assert genie.headers["authorization"] == "GenieKey og-key"
    assert genie.body["message"].startswith("PAGE ApiErrorRatioHigh")
    assert genie.body["priority"] == "P1"


def test_without_its_file_a_receiver_is_not_there(running: Alertmanager, kept: Receivers) -> None:
    """A receiver that is not in use is absent from the configuration, so that it cannot fail."""
    running.fire(SYMPTOM, annotations=SAID)
    paged(kept)
    assert {call.path for call in kept.calls} == {"/console"}
    text = (running.folder / "alertmanager.yml").read_text()
    assert not any(name in text for name in ("slack_configs", "pagerduty_configs", "opsgenie_configs"))
    assert "level=ERROR" not in (running.folder / "log").read_text()
