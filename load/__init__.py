"""Traffic: ``load.trickle`` is light and never ends; ``python -m load`` carries out a load profile (docs/load.md).

``load.profiles``: what is asked for, as data. ``load.generating``: Locust, in a process and an environment of its own.
``load.judging``: what Prometheus says of the same requests, and what broke first. ``load.telling``: lines and reports.
"""
