"""Breaking things so that they are mended in any case: by the runner, by a guard if it dies, by the fault's own end."""
