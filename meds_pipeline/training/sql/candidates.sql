CREATE TEMP TABLE screened AS
SELECT instance_id, task_id,
       CASE WHEN instance_id IN (SELECT instance_id FROM contaminated) THEN 'contaminated'
            WHEN instance_id IN (SELECT instance_id FROM split_conflict) THEN 'split conflict'
            WHEN instance_id IN (SELECT instance_id FROM duplicate WHERE kind = 'exact' OR getvariable('drop_near'))
            THEN 'duplicate' END AS reason
FROM trainable
WHERE list_contains(getvariable('splits'), split);

CREATE TEMP VIEW candidate AS SELECT instance_id, task_id FROM screened WHERE reason IS NULL;
