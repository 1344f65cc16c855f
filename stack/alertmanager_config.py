"""Alertmanager's configuration for one instance: its addresses, and only the receivers whose secrets exist.

Alertmanager starts with a receiver whose secret file is missing and then fails at every notification. A receiver that
is not in use must therefore be absent from the configuration. ``deploy/compose/alertmanager/start.sh`` does the same in
a container.
"""

from __future__ import annotations

import re
from pathlib import Path

# The console's SMTP server under its name in Compose. Alertmanager's configuration does not support variables.
COMPOSE_SMTP = "console:1025"
_OPTIONAL = re.compile(r"^ *# with (secrets/\w+)\b.*\n(?:.*\n)*?^ *# end\n", re.MULTILINE)


def rendered(text: str, smtp: str, folder: Path) -> str:
    """Return the configuration with this SMTP address (host:port) and the receivers whose file in ``folder`` exists."""
    kept = _OPTIONAL.sub(lambda block: block[0] if (folder / block[1]).is_file() else "", text)
    return kept.replace(COMPOSE_SMTP, smtp)


def addresses(console: str) -> str:
    """Return the template that inserts the console's address into messages."""
    return f'{{{{ define "console.url" }}}}{console}{{{{ end }}}}\n'
