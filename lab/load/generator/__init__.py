"""The generator: Locust's users in one process, in an environment without the shop's packages.

It writes a JSON line to stdout every few seconds with the counts since the previous line. The last line also has its
orders.
"""
