"""The contracts of the ports in ``shop/ports.py``, as tests that the fakes and the real adapters both pass.

A class here is the contract of one port. ``tests/unit/shop/test_fakes.py`` runs it on the fake, without any server.
``tests/integration/shop/contracts/`` runs it on the adapter that the shop uses, on real servers. Each derives from the
class and provides the fixtures that the class names. A difference between the two is a defect in one of them.
"""
