-- One row an instance: ids and sizes, no text. What a task has fewer of than before is a row of its own.
SELECT instance_id, task_id, split, record_key,
       length(input) AS input_chars,
       coalesce(list_min(list_transform(outputs, lambda o: length(o))), 0) AS shortest_output_chars,
       len(source) AS records, NULL::DOUBLE AS before_share, '' AS lost
FROM instances
UNION ALL BY NAME
SELECT known.key AS task_id, 1 - coalesce(made.n, 0) / known.value::BIGINT AS before_share,
       concat(coalesce(made.n, 0), ' instances, ', known.value::BIGINT, ' before') AS lost
FROM json_each($before) AS known
LEFT JOIN (SELECT task_id, count(*) AS n FROM instances GROUP BY ALL) AS made ON made.task_id = known.key
ORDER BY instance_id, task_id
