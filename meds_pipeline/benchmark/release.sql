-- The release: each item with its own examples. Needs what items.sql made, the table near_example (rows of
-- example that are near duplicates of an item), and the variables seed, release, items, shots and pool.
CREATE TEMP TABLE shot_pool AS
SELECT task_id, instance_id, input, output FROM example WHERE row NOT IN (SELECT row FROM near_example)
QUALIFY row_number() OVER (PARTITION BY task_id ORDER BY row) <= getvariable('pool');

-- Each item draws its own shots from the pool.
CREATE TEMP TABLE drawn_shot AS
SELECT * FROM (
    SELECT c.item_id, p.instance_id, p.input, p.output,
           row_number() OVER (PARTITION BY c.item_id ORDER BY drawn(c.item_id, p.instance_id)) AS place
    FROM chosen AS c JOIN shot_pool AS p ON p.task_id = c.shots_from)
WHERE place <= getvariable('shots');

CREATE TEMP TABLE item_shot AS
SELECT item_id, list({'instance_id': instance_id, 'input': input, 'output': output} ORDER BY place) AS shots
FROM drawn_shot GROUP BY item_id;

-- An item may be read by those who may read it and every example it shows; examples come from one task.
CREATE TEMP MACRO strictest(classes) AS
CASE WHEN list_contains(classes, 'credentialed') THEN 'credentialed'
     WHEN list_contains(classes, 'registration') THEN 'registration' ELSE 'open' END;

CREATE TEMP VIEW release_item AS
SELECT c.item_id, c.task_id, c.shots_from, c.ordinal, c.corpus, c.category, c.metric, c.labels, c.instance_id, c.content_id, c.subject,
       c.definition, c.input, c.outputs AS "references", coalesce(s.shots, []) AS shots,
       strictest([c.access, CASE WHEN s.shots IS NOT NULL THEN t.access END]) AS access
FROM chosen AS c LEFT JOIN item_shot AS s USING (item_id) LEFT JOIN task AS t ON t.task_id = c.shots_from
ORDER BY c.task_id, c.ordinal;

CREATE TEMP VIEW lineage_item AS
SELECT getvariable('release') AS release, item_id, task_id, ordinal, corpus, instance_id, content_id, subject,
       list_transform(shots, lambda s: s.instance_id) AS shot_instance_ids, access
FROM release_item ORDER BY item_id;

-- The digest covers all that a model is shown and all that it is scored against.
CREATE TEMP VIEW lineage_release AS
SELECT getvariable('release') AS release, count(*) AS items, count(DISTINCT task_id) AS tasks,
       getvariable('items') AS items_per_task, getvariable('shots') AS shots, getvariable('seed') AS seed,
       md5(string_agg(md5(concat(item_id, metric, to_json(labels), to_json(definition), to_json(input),
                                 to_json("references"), to_json(shots))), ',' ORDER BY item_id)) AS digest,
       strictest(list(access)) AS access
FROM release_item;
