"""The passwords of the composed stack: their names, where each is stored, and the command that generates them."""
