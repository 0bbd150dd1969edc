"""Rules: a table of cases and a property each."""
