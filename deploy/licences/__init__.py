"""The licences of everything that is built, installed or pulled: generates ``docs/reference/licences.md``."""
