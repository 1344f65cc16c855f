"""Orders with known outcomes, which are planned, sent, and compared with every record of them."""
