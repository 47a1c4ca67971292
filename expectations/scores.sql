-- One row a score.
SELECT score_id, scorer, level, name, metric, value, low, high, n
FROM score
ORDER BY scorer, level, name, metric
