"""The statistics of scores: figures with intervals, comparisons of models, rankings, all computed from counts only."""
