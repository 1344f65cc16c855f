"""Charts as SVG without scripts or embedded fonts. Pure functions."""
