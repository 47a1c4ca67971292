-- One row a sample: ids, roles and sizes, no text.
SELECT sample_id, task_id, instance_id,
       messages[-1].role AS last_role,
       length(messages[-1].content) AS answer_chars,
       list_sum(list_transform(messages[:-2], lambda m: length(m.content)))::BIGINT AS prompt_chars,
       count(*) OVER (PARTITION BY instance_id) AS repeats
FROM samples
ORDER BY sample_id
