"""The licences of everything that is built, installed or pulled: `docs/licences.md`, generated from the lock files."""
