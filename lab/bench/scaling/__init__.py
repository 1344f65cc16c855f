"""``make growth``: how what the shop does gets dearer as it fills, and what bends first."""
