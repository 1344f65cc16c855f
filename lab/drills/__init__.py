"""Drills: the stack is broken on purpose, and what it promised is checked afterwards."""
