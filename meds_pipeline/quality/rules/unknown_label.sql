-- severity: error
-- The answer of a label task is none of the task's labels.
SELECT instance_id, 'answer is not one of: ' || array_to_string(labels, ', ') AS detail
FROM instance JOIN task USING (task_id)
WHERE len(labels) > 0 AND len(list_filter(outputs, lambda o: NOT list_contains(labels, o))) > 0
