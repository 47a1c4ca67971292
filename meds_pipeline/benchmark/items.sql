-- The items of a release, and the examples they may show. Needs the views usable and task, and the variables seed,
-- release, items and pool.
CREATE TEMP MACRO drawn(a, b) AS md5(concat(getvariable('seed'), ':', a, ':', b));

-- The items of each task: one instance a content, lowest hash first.
CREATE TEMP TABLE chosen AS
SELECT md5(concat(md5(getvariable('release')), md5(task_id), md5(content_id))) AS item_id, *
FROM (SELECT usable.*, task.shots_from, task.category, task.metric, task.definition, task.labels, task.access,
             row_number() OVER (PARTITION BY usable.task_id ORDER BY drawn('item', content_id)) AS ordinal
      FROM usable JOIN task USING (task_id)
      WHERE split = 'test' AND use IN ('both', 'bench')
        AND (content_id, instance_id) IN (SELECT (content_id, min(instance_id)) FROM usable WHERE split = 'test'
                                          GROUP BY content_id))
WHERE ordinal <= getvariable('items');

-- Examples a task may show: of the training split, one a text; no text of an item, no subject of one. Twice as many as
-- are kept, since near duplicates of items are taken out of these.
CREATE TEMP TABLE example AS
SELECT task_id, instance_id, content_id, input, output, row_number() OVER (ORDER BY task_id, place) - 1 AS row
FROM (
    SELECT task_id, instance_id, content_id, input, outputs[1] AS output,
           row_number() OVER (PARTITION BY task_id ORDER BY drawn('pool', content_id), instance_id) AS place
    FROM usable
    WHERE split = 'train' AND task_id IN (SELECT shots_from FROM chosen)
      AND folded(input) NOT IN (SELECT folded(input) FROM chosen)
      AND concat(corpus, ':', coalesce(subject, instance_id))
          NOT IN (SELECT concat(corpus, ':', subject) FROM chosen WHERE subject IS NOT NULL)
      AND (content_id, instance_id) IN (SELECT (content_id, min(instance_id)) FROM usable WHERE split = 'train'
                                        GROUP BY content_id))
WHERE place <= 2 * getvariable('pool');
