SELECT DISTINCT t.instance_id, i.item_id, 'subject' AS rule, 1.0::DOUBLE AS similarity
FROM trainable AS t JOIN item AS i ON i.corpus = t.corpus AND i.subject = t.subject
UNION ALL
SELECT DISTINCT t.instance_id, i.item_id, 'text', 1.0
FROM trainable AS t JOIN item AS i ON folded(i.input) = folded(t.input)
ORDER BY ALL
