"""One module a twin; whatever is in this folder is registered."""
