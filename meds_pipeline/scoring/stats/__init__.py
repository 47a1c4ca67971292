"""The statistics of scores: figures with intervals, comparisons of models, rankings; counts are all they read."""
