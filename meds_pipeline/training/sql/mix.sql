-- Needs the view `candidate` (instances a plan may use), the tables `quota` (task_id, samples) and `phrasing`
-- (task_id, place from 0, instruction_id, text), and the variables seed, few_shot (per million), shots, max_repeats,
-- max_chars.
CREATE TEMP MACRO drawn(a, b) AS md5(concat(getvariable('seed'), ':', a, ':', b));
-- The first 32 bits of a draw as a number.
CREATE TEMP MACRO number(hash) AS ('0x' || hash[:8])::UBIGINT;

CREATE TEMP TABLE ranked AS
SELECT task_id, instance_id, row_number() OVER (PARTITION BY task_id ORDER BY drawn('mix', instance_id)) - 1 AS place,
       count(*) OVER (PARTITION BY task_id) AS size
FROM candidate;

-- A task whose quota is above its size uses its instances again, each at most max_repeats times.
CREATE TEMP TABLE picked AS
SELECT r.task_id, r.instance_id, r.size, repeat
FROM ranked AS r JOIN quota USING (task_id), range(getvariable('max_repeats')) AS repeats(repeat)
WHERE repeat * r.size + r.place < quota.samples;

CREATE TEMP TABLE worded AS
SELECT p.task_id, p.instance_id, p.repeat, p.size, f.instruction_id, f.text AS instruction,
       number(drawn('few', concat(p.instance_id, p.repeat))) % 1000000 < getvariable('few_shot') AS few
FROM picked AS p
JOIN (SELECT task_id, count(*) AS phrasings FROM phrasing GROUP BY ALL) AS n USING (task_id)
JOIN phrasing AS f ON f.task_id = p.task_id
 AND f.place = number(drawn('word', concat(p.instance_id, p.repeat))) % n.phrasings;

-- Examples: a run of the task's instances from a drawn place on, the sample's own instance passed over.
CREATE TEMP TABLE shot AS
SELECT * FROM (
    SELECT w.instance_id, w.repeat, r.instance_id AS shot_id,
           row_number() OVER (PARTITION BY w.instance_id, w.repeat ORDER BY step) AS nth
    FROM worded AS w, range(getvariable('shots') + 1) AS steps(step)
    JOIN ranked AS r ON r.task_id = w.task_id
     AND r.place = (number(drawn('shot', concat(w.instance_id, w.repeat))) + step) % w.size
    WHERE w.few AND r.instance_id <> w.instance_id AND step < w.size)
WHERE nth <= getvariable('shots');

-- The characters of a prompt: the frame around each example takes 20, the sentence after the definition about 100.
CREATE TEMP TABLE fitting AS
SELECT instance_id, repeat, list(shot_id ORDER BY nth) AS shots
FROM (SELECT s.*, length(w.instruction) + length(q.input) + 100
             + sum(length(i.input) + length(i.outputs[1]) + 20)
               OVER (PARTITION BY s.instance_id, s.repeat ORDER BY s.nth DESC) AS characters
      FROM shot AS s JOIN worded AS w USING (instance_id, repeat)
      JOIN instance AS q USING (instance_id) JOIN instance AS i ON i.instance_id = s.shot_id)
WHERE characters <= getvariable('max_chars')
GROUP BY ALL;

CREATE TEMP TABLE mixed AS
SELECT w.task_id, w.instance_id, w.repeat, w.instruction_id, w.instruction, coalesce(s.shots, []) AS shots,
       md5(concat(md5(w.instance_id), md5(w.instruction_id), w.repeat, ':', array_to_string(coalesce(s.shots, []), ',')))
           AS sample_id
FROM worded AS w
LEFT JOIN fitting AS s USING (instance_id, repeat);

-- In training order: the order of a hash, so that tasks are well mixed and no order of input files shows.
CREATE TEMP TABLE ordered AS
SELECT *, row_number() OVER (ORDER BY drawn('order', sample_id), sample_id) - 1 AS ordinal FROM mixed;
