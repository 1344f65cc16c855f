"""Traffic: a light, steady trickle now; load profiles later."""
