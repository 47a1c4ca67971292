-- One row an item: whether and how it was asked and answered, no text.
SELECT item_id, task_id, prompt_digest, truncated, coalesce(cut_off, false) AS cut_off, output IS NOT NULL AS answered,
       coalesce(length(output), 0) AS output_chars
FROM prediction
ORDER BY item_id
