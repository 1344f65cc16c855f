"""The licences of everything that is built, installed or pulled: `docs/licences.md`, written from what is locked."""
