"""Charts as SVG, without scripts and fonts of their own. Pure."""
