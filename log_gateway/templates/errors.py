"""What can go wrong while a template is applied to a line."""

from __future__ import annotations


class TemplateFailed(Exception):
    """The template cannot be applied to this line; the line gets the label ``__error__``."""
