"""Whoever puts a version in place: one module per way, behind one small protocol."""
