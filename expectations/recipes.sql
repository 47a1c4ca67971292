-- One row a task: how many rows its recipe made, and how many of them were without input or output.
SELECT t.task_id, coalesce(made.n, 0) AS instances, coalesce(made.n, 0) + coalesce(empty.n, 0) AS rows,
       coalesce(empty.n, 0) AS empty_rows,
       CASE WHEN empty.n > 0 THEN round(empty.n / (coalesce(made.n, 0) + empty.n), 4) ELSE 0 END AS empty_share
FROM task AS t
LEFT JOIN (SELECT task_id, count(*) AS n FROM instances GROUP BY ALL) AS made USING (task_id)
LEFT JOIN (SELECT task_id, count(*) AS n FROM rejected GROUP BY ALL) AS empty USING (task_id)
ORDER BY t.task_id
