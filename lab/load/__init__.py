"""``python -m lab.load`` runs a load profile (docs/how-to/load.md). ``lab.trickle`` is a light, permanent load.

``lab.load.profiles``: the profiles, as data. ``lab.load.generator``: Locust, in its own process and environment.
``lab.load.verify``: Prometheus' counts of the same requests, and the first limit that was exceeded.
``lab.load.report``: reports.
"""
