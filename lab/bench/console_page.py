"""``python -m lab.bench.console_page``: time until the console's first page is rendered, on the running stack.

Each measurement uses a new browser context with an empty cache and lasts from the navigation to the first figure on the
page.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys

from playwright.sync_api import Browser, sync_playwright

from lab.bench import addresses
from stack import programs

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
# The page itself records the time, because a query from outside would add to the measured time.
WATCH = """new MutationObserver(() => {
  if (!window.drawnAt && document.querySelector("#red .tile")) { window.drawnAt = performance.now(); }
}).observe(document, {childList: true, subtree: true})"""


def first_view(browser: Browser, url: str) -> float:
    """Return the milliseconds from the navigation to the first rendered figure."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        page = context.new_page()
        page.add_init_script(WATCH)
        page.goto(url)
        page.wait_for_selector("#red .tile")
        return float(page.evaluate("window.drawnAt"))
    finally:
        context.close()


def main() -> int:
    """Measure, and print each time and the median."""
    parser = argparse.ArgumentParser(prog="python -m lab.bench.console_page", description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=9)
    times = parser.parse_args().times
    url = addresses.read(addresses.CONSOLE_URL)[0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(programs.find("chromium")), args=ARGUMENTS)
        found = [first_view(browser, url) for _ in range(times)]
        browser.close()
    each = " ".join(f"{one:.0f}" for one in found)
    sys.stdout.write(f"ms: {each}; median {statistics.median(found):.0f}, load {os.getloadavg()[0]:.1f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
