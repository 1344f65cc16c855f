"""Checks the language of all text that people read, including prose in code, with Vale."""
