"""What cannot be learnt again: decisions of persons. Of those nothing is ever deleted."""
