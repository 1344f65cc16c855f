"""The timeline of a drill: which alerts fired and notified, and when."""
