"""One module per screen; only the main one is imported at start."""
