"""What each port of ``shop/ports.py`` promises, as tests that hold the fakes to the real adapters.

A class here is the contract of one port. ``tests/unit/shop/test_fakes.py`` runs it on the fake, without any server,
``tests/integration/shop/contracts/`` on the adapter that the shop is wired with, on real servers: each derives from the
class and gives it the fixtures that it names. A difference between the two is a defect of one of them.
"""
