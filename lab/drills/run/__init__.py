"""Runs and verifies drills one after the other. An interrupted run can be continued."""
