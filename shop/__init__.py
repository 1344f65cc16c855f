"""The business: products, stock and orders that are never lost. Knows no HTTP and no RQ."""
