CREATE TEMP VIEW split_conflict AS
WITH held_out AS (SELECT corpus, task_id, subject, folded(input) AS text FROM usable WHERE split = 'test')
SELECT DISTINCT t.instance_id, t.corpus, t.task_id, 'subject' AS rule
FROM trainable AS t JOIN held_out AS h ON h.corpus = t.corpus AND h.subject = t.subject
UNION ALL
SELECT DISTINCT t.instance_id, t.corpus, t.task_id, 'text'
FROM trainable AS t JOIN held_out AS h ON h.corpus = t.corpus AND h.text = folded(t.input)
ORDER BY instance_id, rule;
