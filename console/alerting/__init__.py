"""What fires, whom it concerns, what to do; and silences, with a reason."""
