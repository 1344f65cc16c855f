"""Access control: only the shop's administrators, signed in with their shop account, can make changes."""
