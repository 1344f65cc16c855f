"""The light load of a drill, counted exactly, and the books at its end."""
