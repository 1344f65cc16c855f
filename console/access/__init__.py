"""Who may change something: the shop's administrators, signed in with the shop's own log-in."""
