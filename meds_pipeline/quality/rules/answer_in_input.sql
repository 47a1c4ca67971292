-- severity: warn
-- A free-text answer that stands word for word in the input: nothing to learn but copying.
SELECT instance_id, 'the answer stands in the input' AS detail
FROM instance JOIN task USING (task_id)
WHERE starts_with(metric, 'bleu1') AND length(outputs[1]) > 20 AND contains(input, outputs[1])
