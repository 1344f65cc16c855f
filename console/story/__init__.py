"""The story of one order, request or trace: pure functions that convert the servers' responses to one model.

``Evidence`` is the input, ``build_story`` creates the ``Story`` from it; the terminal and the page only render it.
"""

from console.story.build import build_story
from console.story.evidence import Evidence
from console.story.model import Story

__all__ = ["Evidence", "Story", "build_story"]
