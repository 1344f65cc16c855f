"""Errors of the clients."""

from __future__ import annotations


class RunFailed(Exception):
    """A drill, a chaos run or a load run could not be carried out; the message says why in one sentence."""


class NoAnswer(Exception):
    """A server did not answer, or answered with an error; the message names the server in one line."""
