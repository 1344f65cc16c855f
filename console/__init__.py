"""The console: receives alerts and e-mail, shows them, and follows one order through every server.

``python -m console`` is the server (web pages, alert webhook, SMTP); ``python -m console.follow`` prints in the
terminal the outcome of one order. ``server`` is the process, ``app`` wires the packages into one Flask application:

- a package for each page: ``overview``, ``boards``, ``lookup``, ``tail``, ``alerting``, ``inbox``, ``faults``,
  ``services``; ``pages`` has the frames around them, ``access`` the sign-in;
- ``story`` and ``follow``: one request or order, from every server's answers;
- ``servers``: a client for each server; ``reading``: concurrent queries to several servers;
- ``web`` and ``config``: what all of these share.

import-linter checks that these packages do not import each other in circles (``pyproject.toml``).
"""
