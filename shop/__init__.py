"""The domain: products, stock and orders that are never lost.

It does not depend on HTTP or RQ.
"""
