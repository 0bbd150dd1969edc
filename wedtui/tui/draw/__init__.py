"""Panes as functions of a board and a width; no widget, no colour, no decision."""
