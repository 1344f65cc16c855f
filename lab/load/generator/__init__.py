"""The generator: Locust's users in one process, in an environment that holds nothing of the shop.

It tells a JSON line every few seconds on stdout: what was counted since the last one, and in the end its orders.
"""
