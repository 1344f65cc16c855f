"""Faults that can be switched on in a running shop, to see their symptoms and whether the right alert fires.

Each is an OpenFeature flag in a file in flagd's format (``FAULTS_FILE``), which the API writes and every process reads.
Without that setting, no fault is wired. The list: ``docs/reference/faults.md``.
"""
