"""How the pages read from other servers: few questions, asked together, remembered briefly, within limits."""
