"""Orders with known outcomes: planned, sent, and checked against every record of them."""
