"""What cannot be learnt again: decisions of persons. Nothing here is ever deleted."""
