"""Game days: a hidden fault is active, and a player finds its cause with the tools of an engineer on call."""
