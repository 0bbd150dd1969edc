"""The boundary to the terminal: what it can do, what it shows, how fast it is, and how it is left."""
