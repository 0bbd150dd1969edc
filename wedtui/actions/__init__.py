"""What a confirmed action does: step by step, each stored before it is made, and looked at where that is not known."""
