-- Queries of trace.py, over the schema with_history. Where an id stands in several fragments, the current one comes first.

-- name: find_sample
SELECT DISTINCT sample_id AS id FROM sample WHERE starts_with(sample_id, $id) LIMIT 2
-- name: find_item
SELECT DISTINCT item_id AS id FROM item WHERE starts_with(item_id, $id) LIMIT 2
-- name: find_score
SELECT DISTINCT score_id AS id FROM score WHERE starts_with(score_id, $id) LIMIT 2
-- name: find_model
SELECT DISTINCT model AS id FROM model WHERE model = $id LIMIT 2

-- name: sample
SELECT s.plan, s.task_id, s.ordinal, s.repeat, s.instance_id, s.instruction_id, i.text AS instruction, s.shot_instance_ids
FROM sample AS s JOIN instruction AS i USING (instruction_id)
WHERE s.sample_id = $id
ORDER BY s.fingerprint IN (SELECT fingerprint FROM current_output) DESC, s.fingerprint, i.fingerprint LIMIT 1

-- name: sequences
-- A model consumed what it was made from: packed rows with the same bytes, whatever later run packed them again.
WITH consumed AS (
    SELECT d.plan, d.sequence, d.step, p.digest
    FROM dose AS d JOIN materialization AS m USING (fingerprint), unnest(m.inputs) AS u(input)
    JOIN materialization AS p ON p.fingerprint = u.input.fingerprint)
SELECT DISTINCT q.plan, q.sequence, q.slot, q.start AS first_token, q.length AS tokens, q.truncated,
       (SELECT list(DISTINCT c.step ORDER BY c.step) FROM consumed AS c
        WHERE c.plan = q.plan AND c.sequence = q.sequence AND c.digest = m.digest) AS consumed_at_steps
FROM sequence AS q JOIN materialization AS m USING (fingerprint) WHERE q.sample_id = $id ORDER BY ALL

-- name: item
SELECT release, task_id, ordinal, corpus, subject, instance_id, shot_instance_ids,
       item_id IN (SELECT item_id FROM flagged_item) AS flagged
FROM item WHERE item_id = $id
ORDER BY fingerprint IN (SELECT fingerprint FROM current_output) DESC, fingerprint LIMIT 1

-- name: predictions
SELECT p.model, p.output, p.shots, p.shot_instance_ids, p.truncated, p.prompt_digest, p.template_digest, p.error,
       p.cut_off,
       (SELECT list({'scorer': s.scorer, 'metric': s.metric, 'points': s.points, 'outcome': s.outcome}
                    ORDER BY s.scorer, s.metric)
        FROM item_score AS s WHERE s.item_id = p.item_id AND s.model = p.model) AS points
FROM prediction AS p WHERE p.item_id = $id
QUALIFY row_number() OVER (PARTITION BY p.model ORDER BY p.fingerprint IN (SELECT fingerprint FROM current_output) DESC,
                           p.fingerprint) = 1
ORDER BY p.model

-- name: near_samples
SELECT DISTINCT instance_id, rule, similarity FROM contamination WHERE item_id = $id ORDER BY similarity DESC, instance_id LIMIT 5

-- name: score
SELECT model, release, scorer, level, name, metric, value, low, high, n, comparable, note, result_digest, fingerprint
FROM score WHERE score_id = $id
ORDER BY fingerprint IN (SELECT fingerprint FROM current_output) DESC, fingerprint LIMIT 1

-- name: score_items
SELECT i.item_id, i.points, i.outcome, i.influence, i.why, i.result_digest
FROM score AS s JOIN item_score AS i USING (fingerprint, scorer)
WHERE s.score_id = $id AND list_contains(i.counts_in, s.name) AND (i.metric = s.metric OR s.metric = 'main')
ORDER BY i.points NULLS LAST, i.item_id, i.metric

-- name: model
SELECT kind, plan, protocol, spec, stands_on, fingerprint FROM model WHERE model = $id
ORDER BY fingerprint IN (SELECT fingerprint FROM current_output) DESC, fingerprint LIMIT 1

-- name: stands_on
WITH RECURSIVE below(fingerprint, depth) AS (
    SELECT $id, 0
    UNION
    SELECT u.input.fingerprint, depth + 1 FROM below JOIN materialization AS m USING (fingerprint),
           unnest(m.inputs) AS u(input))
SELECT m.asset, m.partition, m.fingerprint, m.digest, m.step_version, m.rows
FROM materialization AS m JOIN (SELECT fingerprint, max(depth) AS depth FROM below GROUP BY ALL) USING (fingerprint)
WHERE depth > 0 ORDER BY depth, m.asset, m.partition

-- name: model_files
WITH RECURSIVE below(fingerprint) AS (
    SELECT $id
    UNION
    SELECT u.input.fingerprint FROM below JOIN materialization AS m USING (fingerprint), unnest(m.inputs) AS u(input))
SELECT DISTINCT r.path, r.corpus, r.distribution, r.raw_file_id AS sha256, r.bytes, r.records, r.faults, r.origin
FROM raw_file AS r JOIN below USING (fingerprint) ORDER BY r.corpus, r.path

-- name: instance
SELECT corpus, task_id, split, subject, record_key, fingerprint FROM instance WHERE instance_id = $id
ORDER BY fingerprint IN (SELECT fingerprint FROM current_output) DESC, fingerprint LIMIT 1

-- name: sources
SELECT r.corpus, r.distribution, r.entry, r.path, r.raw_file_id AS sha256, r.origin, s.record_index, s.start, s.length,
       r.fingerprint
FROM instance_source AS s
JOIN raw_file AS r ON r.raw_file_id = s.raw_file_id AND r.entry = s.entry AND r.path = s.path AND r.role IS NULL
 AND r.fingerprint IN (SELECT u.input.fingerprint FROM materialization AS m, unnest(m.inputs) AS u(input)
                       WHERE m.fingerprint = s.fingerprint)
WHERE s.instance_id = $id AND s.fingerprint = $fingerprint ORDER BY s.ordinal

-- name: beside
SELECT raw_file_id AS sha256 FROM raw_file WHERE fingerprint = $fingerprint AND entry = $entry AND path = $path LIMIT 1
