"""A home: settings, where raw files are and whose they are, and the store of immutable outputs."""
