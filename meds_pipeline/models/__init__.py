"""Models under evaluation: one protocol, one door (`base.load_model`), several kinds."""
