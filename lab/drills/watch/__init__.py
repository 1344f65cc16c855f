"""Looking on: what fired when, who was told when."""
