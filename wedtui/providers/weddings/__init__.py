"""Sources of weddings: one module for each kind, behind the protocol of `base`."""
