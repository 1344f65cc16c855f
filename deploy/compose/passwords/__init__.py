"""The passwords of the composed stack: which there are, where each is stored, and the command that generates them."""
