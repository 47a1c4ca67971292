"""What people ask of a home: where corpora stand, their faults, a trial of a corpus, a new one to start from."""
