"""Print the story of one order, request or trace, with data from the running servers."""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from console.config.addresses import Addresses
from console.config.public_addresses import PublicAddresses
from console.follow import subject
from console.follow.clients import Clients
from console.follow.gather import Gatherer
from console.follow.progress import Progress
from console.follow.render import Renderer
from console.follow.wait import Waiter
from console.servers.errors import ServerError
from console.servers.http import HttpTransport
from console.servers.joining import Joining
from console.story import Evidence, Story, build_story
from console.story.export import as_data
from console.times import now
from glasshouse_observability.settings import MISCONFIGURED, AnyPath, FromEnv, WrongSetting, nested, setting

_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_TRACE_ID = re.compile(r"[0-9a-f]{32}")
_WIDTH_ELSEWHERE = 120


@dataclass(frozen=True)
class FollowSettings(FromEnv):
    """The addresses of the servers, and which servers are still being built."""

    addresses: Addresses = nested(Addresses)
    public_addresses: PublicAddresses = nested(PublicAddresses)
    joining_file: Path | None = setting(
        "JOINING_FILE", AnyPath(), None, "the launcher's list of servers that are still being built"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the story. Return 0 if printed, 1 if nothing was found, 2 for wrong arguments, 78 for a wrong setting."""
    asked = _parser().parse_args(arguments)
    errors = Console(stderr=True)
    try:
        settings = FollowSettings.from_env()
    except WrongSetting as error:
        return _fail(errors, str(error), MISCONFIGURED)
    transport, joining, addresses = HttpTransport(), Joining(settings.joining_file), settings.addresses
    # The addresses of the evidence become links, which a person opens in a browser.
    public = settings.public_addresses.over(addresses)
    evidence = Evidence(public, order_id=asked.order or "", request_id=asked.request or "", trace_id=asked.trace or "")
    try:
        with Progress(errors) as progress:
            _gather(evidence, Clients.at(addresses, transport, joining), Waiter(progress), joining)
    except (ServerError, subject.NothingFound) as error:
        for note in evidence.notes:
            _fail(errors, note, 1)
        return _fail(errors, str(error), 1)
    except KeyboardInterrupt:
        return 130
    finally:
        transport.close()
    story = build_story(evidence)
    if asked.svg:
        draw(story, asked.svg)
    elif asked.json:
        print(json.dumps(as_data(story), ensure_ascii=False, indent=2))
    else:
        Renderer(_output()).render(story)
    return 0


def _gather(evidence: Evidence, clients: Clients, waiter: Waiter, joining: Joining) -> None:
    if evidence.order_id:
        subject.find_order(evidence, clients, now)
    elif evidence.request_id:
        subject.find_request(evidence, clients, waiter, now)
    elif evidence.trace_id:
        subject.find_trace(evidence, clients, waiter, now)
    else:
        subject.place_order(evidence, clients)
    Gatherer(clients, waiter, now, evidence, joining).gather()


def draw(story: Story, file: Path) -> None:
    """Write the terminal output as an SVG picture, such as the one in the README."""
    page = Console(
        record=True, width=_WIDTH_ELSEWHERE, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    Renderer(page).render(story)
    # Remove the web fonts that rich embeds by URL: the viewer would download them, and any monospaced font is suitable.
    picture = re.sub(r"@font-face \{.*?\}", "", page.export_svg(title="make follow"), flags=re.DOTALL)
    file.write_text(picture, encoding="utf-8")


def _output() -> Console:
    """Return a console that replaces unencodable characters and does not wrap lines at 80 columns in a pipe."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    has_columns = os.environ.get("COLUMNS", "").isdigit()
    return Console(width=None if sys.stdout.isatty() or has_columns else _WIDTH_ELSEWHERE)


def _fail(console: Console, text: str, status: int) -> int:
    console.print(f"follow: {text}", markup=False, highlight=False, soft_wrap=True)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m console.follow",
        description="Place an order, or select an earlier one, and print its story with data from the running servers.",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--order", type=_matching(_ID), metavar="ID", help="an order ID")
    which.add_argument("--request", type=_matching(_ID), metavar="ID", help="a request ID (X-Request-ID)")
    which.add_argument("--trace", type=_matching(_TRACE_ID), metavar="ID", help="a trace ID (X-Trace-ID)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print the story as JSON")
    how.add_argument("--svg", type=Path, metavar="FILE", help="write the story as a picture")
    return parser


def _matching(pattern: re.Pattern[str]):  # type: ignore[no-untyped-def]
    def checked(text: str) -> str:
        if not pattern.fullmatch(text):
            raise argparse.ArgumentTypeError(f"{text!r} is not a valid ID: it must match {pattern.pattern}")
        return text

    return checked


if __name__ == "__main__":
    sys.exit(main())
