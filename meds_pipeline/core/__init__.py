"""The base of all rooms: errors, digests, Parquet, events. It imports no other room."""
