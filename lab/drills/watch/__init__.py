"""The timeline of a drill: when alerts fired and when notifications were sent."""
