-- One row an instance: ids and sizes, no text.
WITH made AS (SELECT task_id, count(*) AS n FROM instances GROUP BY ALL),
     refused AS (SELECT task_id, count(*) AS n FROM rejected GROUP BY ALL)
SELECT i.instance_id, i.task_id, i.split, i.record_key,
       length(i.input) AS input_chars,
       coalesce(list_min(list_transform(i.outputs, lambda o: length(o))), 0) AS shortest_output_chars,
       len(i.source) AS records,
       coalesce(refused.n, 0) / (made.n + coalesce(refused.n, 0)) AS empty_share_of_task
FROM instances AS i
JOIN made USING (task_id)
LEFT JOIN refused USING (task_id)
ORDER BY i.instance_id
