"""Figures, each beside its limit, both measured in the same run: `make bench`."""
