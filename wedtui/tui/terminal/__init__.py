"""The boundary to the terminal: what it can do, which signs it has, and what is sent to it."""
