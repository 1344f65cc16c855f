"""``python -m lab.load`` carries out a load profile (docs/how-to/load.md); ``lab.trickle`` is light and never ends.

``lab.load.profiles``: the profiles, as data. ``lab.load.generator``: Locust, in its own process and environment.
``lab.load.verify``: what Prometheus counted of the same requests, and what broke first. ``lab.load.report``: reports.
"""
