"""``ip("…")``: check whether a text contains an address in a range."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

# As in Loki, a candidate starts like an address and extends over all characters that addresses can contain.
_CANDIDATE = re.compile(r"(?=[0-9]{1,3}\.)[0-9.]+|(?=[0-9a-fA-F]{0,4}:[0-9a-fA-F:])[0-9a-fA-F:.]+", re.ASCII)


def address_test(pattern: str) -> Callable[[str], bool]:
    """Return whether an address in the text matches ``pattern``: an address, a range ``a-b`` or a network ``a/n``."""
    first, dash, last = pattern.partition("-")
    if dash:
        low, high = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
    else:
        network = ipaddress.ip_network(pattern, strict=False)
        low, high = network.network_address, network.broadcast_address
    version, smallest, largest = low.version, int(low), int(high)

    def contains(text: str) -> bool:
        for match in _CANDIDATE.finditer(text):
            try:
                address = ipaddress.ip_address(match[0])
            except ValueError:
                continue
            if address.version == version and smallest <= int(address) <= largest:
                return True
        return False

    return contains
