"""The tables of docs/settings.md, made from the declarations. ``python -m deploy.settings_docs`` writes them."""
