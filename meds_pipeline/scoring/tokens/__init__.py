"""Texts into words as upstream's packages cut them, and the overlap of words as they count it."""
