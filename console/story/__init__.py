"""What became of one order, request or trace: pure functions from the servers' answers to one model.

``Evidence`` is what was found, ``tell`` makes the ``Story`` of it; the terminal and later the page only draw it.
"""

from console.story.evidence import Evidence
from console.story.model import Story
from console.story.tell import tell

__all__ = ["Evidence", "Story", "tell"]
