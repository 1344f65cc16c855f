"""``python -m deploy.settings_docs``: bring docs/settings.md up to date."""

from __future__ import annotations

from deploy.settings_docs.tables import PAGE, page

if __name__ == "__main__":
    PAGE.write_text(page())
