"""The error of a template that fails while it is applied to a line."""

from __future__ import annotations


class TemplateFailed(Exception):
    """The template cannot be applied to this line. The line gets the label ``__error__``."""
