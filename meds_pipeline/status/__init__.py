"""Answers questions about a home: the state of corpora, their faults, a trial of a corpus, a new corpus file."""
