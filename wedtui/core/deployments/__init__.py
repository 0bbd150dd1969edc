"""Releases: what each goes through, in which order they start, what they wait for, and how one is judged afterwards."""
