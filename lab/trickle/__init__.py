"""A few shoppers who never leave, so that no graph is empty: 1 to 2 requests a second, an order about every 5 s.

They browse the list, look at products (a few are popular, most are not), now and then follow a dead link, and
on most visits place an order and watch it until it is final. Each is one thread that does one thing at a time:
however slow the shop gets, no more requests are under way than there are shoppers.
"""
