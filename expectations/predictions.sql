-- One row an item: whether and how it was asked and answered, no text.
SELECT item_id, task_id, prompt_digest, truncated, output IS NOT NULL AS answered,
       coalesce(length(output), 0) AS output_chars
FROM prediction
ORDER BY item_id
