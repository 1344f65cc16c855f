"""Runs drills one after the other and verifies them; an interrupted run can be continued."""
