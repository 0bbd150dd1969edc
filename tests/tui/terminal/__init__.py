"""Tests of the boundary to the terminal."""
