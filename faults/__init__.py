"""Faults that can be switched on in a running shop, to see what they look like and whether the right alert comes.

Each is an OpenFeature flag in a file of flagd's format (``FAULTS_FILE``), which the API writes and every process
watches. Where that setting is missing nothing of this is wired anywhere. What there is: ``docs/faults.md``.
"""
