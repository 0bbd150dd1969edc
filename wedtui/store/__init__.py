"""What cache and ledger have in common: opening a database, its column types, its version, its errors.

No table is here, and nothing that knows what is stored.
"""
