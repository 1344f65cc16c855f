"""The licences of all built, installed and pulled parts: generates ``docs/reference/licences.md``."""
