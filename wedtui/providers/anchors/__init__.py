"""Keeping the signed newest link of the audit chain outside of the ledger."""
