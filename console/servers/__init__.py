"""Clients of the servers' own HTTP interfaces: typed answers, time limits, errors that say what to do.

Each client has a few methods, so a fake of it is a class of a few lines; none of them keeps state.
"""
