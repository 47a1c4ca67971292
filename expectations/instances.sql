-- One row an instance: ids and sizes, no text.
SELECT instance_id, task_id, split, record_key,
       length(input) AS input_chars,
       coalesce(list_min(list_transform(outputs, lambda o: length(o))), 0) AS shortest_output_chars,
       len(source) AS records
FROM instances
ORDER BY instance_id
