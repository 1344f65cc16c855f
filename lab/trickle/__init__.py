"""Permanent light traffic, so that no graph is empty: 1 to 2 requests per second and an order about every 5 s.

Simulated shoppers browse the list, view products (a few are popular, most are not), sometimes follow a dead link, and
on most visits place an order and poll it until it is final. Each shopper is one thread with one request at a time, so
even on a slow shop the number of requests in flight never exceeds the number of shoppers.
"""
