"""Carrying drills out: one after the other, judged, and taken up again where they were broken off."""
