"""The game: a hidden fault is on, and a player finds its cause with what a person on call has."""
