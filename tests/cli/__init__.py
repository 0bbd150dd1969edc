"""The commands, as a person or a pipeline calls them."""
