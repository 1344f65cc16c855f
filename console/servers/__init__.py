"""Clients of the servers' own HTTP interfaces: typed responses, time limits, and errors that state a remedy.

Each client has only a few methods, so that a fake is a class of a few lines. The clients have no state.
"""
