"""The console: receives alerts and e-mail, shows them, and follows one order through every server.

``python -m console`` is the server (web pages, alert webhook, SMTP); ``python -m console.follow`` prints the story of
one order in the terminal. ``server`` is the process, ``app`` wires the packages into one Flask application:

- a package for each page: ``overview``, ``boards``, ``lookup``, ``tail``, ``alerting``, ``inbox``, ``faults``,
  ``services``; ``pages`` contains their frames, ``access`` the sign-in;
- ``story`` and ``follow``: the story of one request or order, built from the responses of all servers;
- ``servers``: a client for each server; ``reading``: concurrent queries to several servers;
- ``web`` and ``config``: the code and settings that all of these share.

import-linter checks that these packages do not import each other cyclically (``pyproject.toml``).
"""
