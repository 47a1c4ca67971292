-- Ids, default splits and sources. Ids hash each part first, so that no two rows can run together:
-- the same as digests.row_id(...) in Python.
CREATE TEMP MACRO hashed(parts) AS md5(array_to_string(list_transform(parts, lambda p: md5(p)), ','));

CREATE TEMP MACRO blank(text) AS trim(regexp_replace(text, '\s+', ' ', 'g')) = '';

CREATE TEMP VIEW unknown_split AS SELECT task_id, split FROM answer WHERE split NOT IN ('train', 'validation', 'test');

-- A row that names no record, or one that is not there, could not be traced to any bytes.
CREATE TEMP VIEW unknown_source AS
SELECT task_id FROM (SELECT task_id, unnest(CASE WHEN len(source) > 0 THEN source ELSE [NULL] END) AS key FROM answer)
WHERE key IS NULL OR key NOT IN (SELECT source FROM lineage.record_address);

CREATE TEMP TABLE complete AS
SELECT *, NOT blank(coalesce(input, '')) AND len(outputs) > 0
       AND len(list_filter(outputs, lambda o: blank(o))) = 0 AS filled
FROM answer;

CREATE TEMP VIEW written_rejected AS
SELECT task_id, source, record_key,
       CASE WHEN blank(coalesce(input, '')) THEN 'input is empty' ELSE 'an output is empty' END AS reason
FROM complete WHERE NOT filled ORDER BY task_id, source, reason, record_key;

-- A row without a split goes by its subject (else its input): a tenth of them is held out for good, whatever rows come
-- later, and all tasks of a corpus agree.
CREATE TEMP TABLE placed AS
SELECT * EXCLUDE (split, filled),
       coalesce(split, CASE WHEN hashed([getvariable('seed')::VARCHAR, getvariable('corpus'), coalesce(subject, input)])[:3] < '19a'
                            THEN 'test' ELSE 'train' END) AS split,
       hashed([task_id, input, array_to_string(list_transform(outputs, lambda o: md5(o)), ',')]) AS content_id
FROM complete WHERE filled;

CREATE TEMP TABLE ranked AS
SELECT *, row_number() OVER (PARTITION BY content_id, split ORDER BY source, subject, record_key, explanation) - 1 AS k FROM placed;

CREATE TEMP TABLE identified AS
SELECT hashed([content_id, split, k::VARCHAR]) AS instance_id, * FROM ranked;

CREATE TEMP VIEW written_instance AS
SELECT instance_id, content_id, getvariable('corpus') AS corpus, task_id, split, input, outputs, subject, record_key, explanation, k, source
FROM identified ORDER BY task_id, source, instance_id;

CREATE TEMP VIEW lineage_instance AS
SELECT instance_id, content_id, getvariable('corpus') AS corpus, task_id, split, subject, record_key, k,
       length(input) AS input_chars, length(outputs[1]) AS output_chars
FROM identified ORDER BY instance_id;

CREATE TEMP VIEW lineage_instance_source AS
SELECT i.instance_id, i.ordinal, a.source_file AS raw_file_id, a.source_entry AS entry, a.source_path AS path,
       a.source_index AS record_index, a.source_start AS start, a.source_length AS length
FROM (SELECT instance_id, unnest(source) AS key, generate_subscripts(source, 1) AS ordinal FROM identified) AS i
JOIN lineage.record_address AS a ON a.source = i.key
ORDER BY i.instance_id, i.ordinal;
