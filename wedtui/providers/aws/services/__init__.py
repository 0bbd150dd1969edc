"""One module per service: which calls a round takes, and resources from what they answer."""
