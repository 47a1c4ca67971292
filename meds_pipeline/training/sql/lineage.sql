CREATE TEMP VIEW lineage_sample AS
SELECT getvariable('plan') AS plan, sample_id, ordinal, task_id, instance_id, instruction_id, repeat,
       shots AS shot_instance_ids
FROM ordered ORDER BY sample_id;

CREATE TEMP VIEW lineage_instruction AS
SELECT instruction_id, task_id, kind, text FROM phrasing ORDER BY instruction_id;

CREATE TEMP VIEW lineage_training_set AS
SELECT getvariable('plan') AS plan, count(*) AS samples, count(DISTINCT instance_id) AS instances,
       count(DISTINCT task_id) AS tasks
FROM ordered;
