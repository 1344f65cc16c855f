"""The generator: Locust's users in one process, in an environment without the shop's packages.

It writes a JSON line to stdout every few seconds: the counts since the previous one, and in the last one its orders.
"""
