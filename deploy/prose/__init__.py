"""Checks the language of everything that people read with Vale, prose in code included."""
