"""A home: its settings, its raw files (real or synthetic), and the store of immutable outputs."""
