-- Needs the views usable, trainable and task, and the variables seed, release, items, shots, pool.
CREATE TEMP MACRO drawn(a, b) AS md5(concat(getvariable('seed'), ':', a, ':', b));

-- The items of each task: one instance a content, lowest hash first.
CREATE TEMP TABLE chosen AS
SELECT md5(concat(md5(getvariable('release')), md5(task_id), md5(content_id))) AS item_id, *
FROM (SELECT usable.*, task.shots_from, task.category, task.metric, task.definition, task.labels,
             row_number() OVER (PARTITION BY usable.task_id ORDER BY drawn('item', content_id)) AS ordinal
      FROM usable JOIN task USING (task_id)
      WHERE split = 'test' AND use IN ('both', 'bench')
        AND (content_id, instance_id) IN (SELECT (content_id, min(instance_id)) FROM usable WHERE split = 'test'
                                          GROUP BY content_id))
WHERE ordinal <= getvariable('items');

-- Examples each task may show: the training split's lowest hashes, one a text, no text or subject of an item.
CREATE TEMP TABLE shot_pool AS
SELECT * FROM (
    SELECT task_id, instance_id, input, outputs[1] AS output,
           row_number() OVER (PARTITION BY task_id ORDER BY drawn('pool', content_id), instance_id) AS place
    FROM usable
    WHERE split <> 'test' AND task_id IN (SELECT shots_from FROM chosen)
      AND folded(input) NOT IN (SELECT folded(input) FROM chosen)
      AND concat(corpus, ':', coalesce(subject, instance_id))
          NOT IN (SELECT concat(corpus, ':', subject) FROM chosen WHERE subject IS NOT NULL)
      AND (content_id, instance_id) IN (SELECT (content_id, min(instance_id)) FROM usable WHERE split <> 'test'
                                        GROUP BY content_id))
WHERE place <= getvariable('pool');

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

CREATE TEMP VIEW release_item AS
SELECT c.item_id, c.task_id, c.shots_from, c.ordinal, c.corpus, c.category, c.metric, c.labels, c.instance_id, c.content_id, c.subject,
       c.definition, c.input, c.outputs AS "references", coalesce(s.shots, []) AS shots
FROM chosen AS c LEFT JOIN item_shot AS s USING (item_id)
ORDER BY c.task_id, c.ordinal;

CREATE TEMP VIEW lineage_item AS
SELECT getvariable('release') AS release, item_id, task_id, ordinal, corpus, instance_id, content_id, subject,
       list_transform(shots, lambda s: s.instance_id) AS shot_instance_ids
FROM release_item ORDER BY item_id;

-- The digest covers all that a model is shown and all that it is scored against.
CREATE TEMP VIEW lineage_release AS
SELECT getvariable('release') AS release, count(*) AS items, count(DISTINCT task_id) AS tasks,
       getvariable('items') AS items_per_task, getvariable('shots') AS shots, getvariable('seed') AS seed,
       md5(string_agg(md5(concat(item_id, metric, to_json(labels), to_json(definition), to_json(input),
                                 to_json("references"), to_json(shots))), ',' ORDER BY item_id)) AS digest
FROM release_item;
