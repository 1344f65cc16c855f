"""The story of one order, request or trace: pure functions from the servers' answers to one model.

``Evidence`` is what was found, ``build_story`` makes the ``Story`` of it; the terminal and the page only draw it.
"""

from console.story.build import build_story
from console.story.evidence import Evidence
from console.story.model import Story

__all__ = ["Evidence", "Story", "build_story"]
