"""The domain: products, stock, and orders, which are never lost.

It does not depend on HTTP or RQ.
"""
