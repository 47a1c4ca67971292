-- The samples in training order with all their texts; examples are of the sample's own task and of its access class.
WITH shown AS (
    SELECT o.ordinal, list({'input': i.input, 'output': i.outputs[1]} ORDER BY u.nth) AS shots
    FROM ordered AS o, unnest(o.shots) WITH ORDINALITY AS u(shot_id, nth)
    JOIN instance AS i ON i.instance_id = u.shot_id
    GROUP BY o.ordinal)
SELECT o.sample_id, o.task_id, o.instance_id, o.instruction, i.input, i.outputs[1] AS output,
       coalesce(s.shots, []) AS shots, t.access
FROM ordered AS o
JOIN task AS t USING (task_id)
JOIN instance AS i USING (instance_id)
LEFT JOIN shown AS s USING (ordinal)
ORDER BY o.ordinal
