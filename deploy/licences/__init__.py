"""The licences of all that is built, installed or pulled: ``docs/licences.md``, generated from the lock files."""
