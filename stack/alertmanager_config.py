"""Alertmanager's configuration for one instance: its addresses, and only the receivers whose secrets are there.

Alertmanager starts with a receiver whose secret file is missing, and then fails at every notification: what is switched
off must not be in its configuration at all. ``deploy/compose/alertmanager/start.sh`` does the same in a container.
"""

from __future__ import annotations

import re
from pathlib import Path

# What Compose calls the console's SMTP server; Alertmanager's configuration takes no variables.
COMPOSE_SMTP = "console:1025"
_OPTIONAL = re.compile(r"^ *# with (secrets/\w+)\b.*\n(?:.*\n)*?^ *# end\n", re.MULTILINE)


def rendered(text: str, smtp: str, folder: Path) -> str:
    """The configuration with this SMTP address (host:port), without receivers that lack their file in ``folder``."""
    kept = _OPTIONAL.sub(lambda block: block[0] if (folder / block[1]).is_file() else "", text)
    return kept.replace(COMPOSE_SMTP, smtp)


def addresses(console: str) -> str:
    """The template that gives messages the console's address."""
    return f'{{{{ define "console.url" }}}}{console}{{{{ end }}}}\n'
