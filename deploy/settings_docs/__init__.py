"""Generates the tables of docs/reference/settings.md from the declarations: ``python -m deploy.settings_docs``."""
