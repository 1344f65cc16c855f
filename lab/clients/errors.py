"""Errors of the clients."""

from __future__ import annotations


class RunFailed(Exception):
    """A drill, a chaos run or a load run failed to run; the message states the reason in one sentence."""


class NoAnswer(Exception):
    """A server did not respond, or returned an error; the message names the server in one line."""
