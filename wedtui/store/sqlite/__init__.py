"""A store in an SQLite file: one writer, readers beside it through the write-ahead log."""
