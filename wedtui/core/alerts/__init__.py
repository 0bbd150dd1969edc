"""Alerts: what a rule says, whether its condition holds, and what becomes of that over time. Nobody is told here."""
