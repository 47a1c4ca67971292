"""What every room stands on: errors, digests, Parquet, events. It imports no other room."""
