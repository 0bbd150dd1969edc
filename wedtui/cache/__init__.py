"""What can be learnt again: the newest state and bounded history of everything that is watched."""
