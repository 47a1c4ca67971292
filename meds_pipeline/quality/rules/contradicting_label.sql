-- severity: warn
-- The same input has different labels in one task.
SELECT instance_id, 'the same input has ' || answers || ' different answers' AS detail
FROM instance JOIN task USING (task_id)
JOIN (SELECT task_id, md5(input) AS input_md5, count(DISTINCT outputs[1]) AS answers
      FROM instance GROUP BY ALL HAVING count(DISTINCT outputs[1]) > 1) AS c
  ON c.task_id = instance.task_id AND c.input_md5 = md5(instance.input)
WHERE len(labels) > 0
