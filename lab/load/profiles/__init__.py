"""The profiles and the customers' behaviour, as data (``profiles.yaml``), read and checked."""
