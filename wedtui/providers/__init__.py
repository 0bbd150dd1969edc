"""Outside systems, one module each, behind the protocol of `base`."""
