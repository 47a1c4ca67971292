-- Instances without an error verdict, and the part of them that plans may train on.
CREATE TEMP VIEW usable AS
SELECT * FROM instance
WHERE instance_id NOT IN (SELECT instance_id FROM verdict WHERE severity = 'error');

CREATE TEMP VIEW trainable AS
SELECT usable.* FROM usable JOIN task USING (task_id) WHERE split <> 'test' AND use <> 'bench';

CREATE TEMP MACRO folded(text) AS md5(lower(trim(regexp_replace(text, '\s+', ' ', 'g'))));
