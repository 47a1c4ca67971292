-- The tables of lineage.duckdb. Steps write their rows as Parquet fragments beside their outputs; the lineage step
-- gathers those of a build here. The comment behind each column becomes its COMMENT in the database.
-- `fingerprint` is in every table that steps write: the output whose fragment the row comes from.
--
-- These tables hold the current build: an id stands once, so that joining by id counts once. (Of what models share, the
-- model, scorer or plan is part of the key.) Rows of older outputs, kept because a model or score stands on them, are in
-- tables of the same names in the schema `history`; the views of the schema `with_history` have both. `build` and
-- `materialization` list the outputs of both, `build.role` says which.

CREATE TABLE build (
    build_id VARCHAR, -- digest over the outputs the build is made of
    created_at TIMESTAMPTZ, -- when this list was first seen
    asset VARCHAR, -- asset of one of its outputs
    partition VARCHAR, -- partition of that output
    fingerprint VARCHAR, -- fingerprint of that output
    role VARCHAR, -- current, or history: kept because a model or score stands on it (rows in the schema history)
    stale VARCHAR -- why a newer attempt is not used; NULL where the output is up to date
);
CREATE TABLE materialization (
    fingerprint VARCHAR, -- digest over inputs, step version, settings and seed
    asset VARCHAR, -- asset the output belongs to
    partition VARCHAR, -- partition the output belongs to
    step_version VARCHAR, -- version of the step's code
    digest VARCHAR, -- digest over all files of the output
    inputs STRUCT(role VARCHAR, asset VARCHAR, partition VARCHAR, fingerprint VARCHAR)[], -- outputs it was made from
    settings VARCHAR, -- JSON of the settings in the fingerprint
    rows VARCHAR, -- JSON of row counts by kind
    bytes BIGINT, -- size of its files
    started_at TIMESTAMPTZ, -- when the step began
    seconds DOUBLE -- how long it took
);
CREATE TABLE corpus (
    fingerprint VARCHAR, -- output this row comes from
    corpus VARCHAR, -- name in the catalog
    title VARCHAR, -- name people use
    source VARCHAR, -- where upstream publishes it
    licence VARCHAR, -- terms as stated upstream
    access VARCHAR, -- open, registration or credentialed
    distribution VARCHAR -- the published form that is active
);
CREATE TABLE task (
    fingerprint VARCHAR, -- output this row comes from
    task_id VARCHAR, -- task<number> as published, x_<name> for our own
    corpus VARCHAR, -- corpus it belongs to
    name VARCHAR, -- published short name
    category VARCHAR, -- one of the task categories
    metric VARCHAR, -- how answers are scored
    use VARCHAR, -- train, both or bench
    input_language VARCHAR, -- language of the inputs
    output_language VARCHAR, -- language of the answers
    recipe VARCHAR -- the SELECT that makes its instances
);
CREATE TABLE raw_file (
    fingerprint VARCHAR, -- output this row comes from
    raw_file_id VARCHAR, -- sha256 of the bytes; of a file inside an archive that of the archive
    corpus VARCHAR, -- corpus it belongs to
    distribution VARCHAR, -- published form it was read as
    entry VARCHAR, -- file entry of the catalog that matched it
    path VARCHAR, -- path below the distribution's folder; archive::member of a file inside an archive
    role VARCHAR, -- what it is to the file it was read beside; NULL where the records are its own
    reader VARCHAR, -- reader that read it
    bytes BIGINT, -- size, of the archive where it is inside one
    origin VARCHAR, -- real or twin
    records BIGINT, -- good records
    faults BIGINT, -- bad records
    read_bytes BIGINT, -- bytes of its records, good and bad; 0 where the format has no byte addresses
    fault_bytes BIGINT -- of them, those in bad records
);
CREATE TABLE record_fault (
    fingerprint VARCHAR, -- output this row comes from
    raw_file_id VARCHAR, -- file the bad record is in
    corpus VARCHAR, -- corpus the file belongs to
    path VARCHAR, -- path below the distribution's folder
    record_index BIGINT, -- position among the file's records, bad ones counted; -1: the file itself
    start BIGINT, -- first byte of the record
    length BIGINT, -- bytes of the record
    reason VARCHAR, -- short code
    detail VARCHAR, -- what is wrong and what to do
    access VARCHAR -- access class of the file, which the fault shares
);
CREATE TABLE instance (
    fingerprint VARCHAR, -- output this row comes from
    instance_id VARCHAR, -- 128-bit id over content, split and k
    content_id VARCHAR, -- 128-bit id over task, input and outputs
    corpus VARCHAR, -- corpus it was made from
    task_id VARCHAR, -- task it belongs to
    split VARCHAR, -- train, validation or test
    subject VARCHAR, -- patient, article or document it is about
    record_key VARCHAR, -- upstream's own id
    k BIGINT, -- ordinal among identical rows
    input_chars BIGINT, -- characters of the input
    output_chars BIGINT -- characters of the first output
);
CREATE TABLE instance_source (
    fingerprint VARCHAR, -- output this row comes from
    instance_id VARCHAR, -- instance
    ordinal BIGINT, -- place among its sources, from 1
    raw_file_id VARCHAR, -- file the record is in
    entry VARCHAR, -- file entry of the catalog it was read for
    path VARCHAR, -- path of the file; files of one corpus may have the same bytes, and an archive holds many
    record_index BIGINT, -- position among the file's records
    start BIGINT, -- first byte; for spreadsheets the row number
    length BIGINT -- bytes
);
CREATE TABLE verdict (
    fingerprint VARCHAR, -- output this row comes from
    instance_id VARCHAR, -- instance that fails
    rule VARCHAR, -- quality rule
    severity VARCHAR, -- error (not used) or warn (shown)
    detail VARCHAR -- what is wrong
);
CREATE TABLE duplicate (
    fingerprint VARCHAR, -- output this row comes from
    instance_id VARCHAR, -- instance left out
    kept_instance_id VARCHAR, -- instance kept in its place
    kind VARCHAR, -- exact or near
    similarity DOUBLE -- Jaccard similarity of word 5-grams to its nearest
);
CREATE TABLE contamination (
    fingerprint VARCHAR, -- output this row comes from
    instance_id VARCHAR, -- training instance left out
    item_id VARCHAR, -- benchmark item it is too close to
    rule VARCHAR, -- subject, text or near
    similarity DOUBLE -- Jaccard similarity; 1 for the exact rules
);
CREATE TABLE instruction (
    fingerprint VARCHAR, -- output this row comes from
    instruction_id VARCHAR, -- id over task and text
    task_id VARCHAR, -- task it asks for
    kind VARCHAR, -- definition or paraphrase
    text VARCHAR -- the words
);
CREATE TABLE training_set (
    fingerprint VARCHAR, -- output this row comes from
    plan VARCHAR, -- training plan
    samples BIGINT, -- samples
    instances BIGINT, -- different instances in them
    tasks BIGINT -- different tasks in them
);
CREATE TABLE sample (
    fingerprint VARCHAR, -- output this row comes from
    plan VARCHAR, -- training plan
    sample_id VARCHAR, -- 128-bit id over instance, instruction, repeat and examples
    ordinal BIGINT, -- place in training order
    task_id VARCHAR, -- task
    instance_id VARCHAR, -- instance it asks
    instruction_id VARCHAR, -- words it asks in
    repeat BIGINT, -- how often the instance was used before
    shot_instance_ids VARCHAR[] -- examples it shows, in order
);
CREATE TABLE sequence (
    fingerprint VARCHAR, -- output this row comes from
    plan VARCHAR, -- training plan
    sequence BIGINT, -- packed row of tokens
    slot BIGINT, -- place of the sample in it
    sample_id VARCHAR, -- sample
    start BIGINT, -- first token
    length BIGINT, -- tokens
    truncated BOOLEAN -- whether the sample was cut to fit
);
CREATE TABLE dose (
    fingerprint VARCHAR, -- output this row comes from
    plan VARCHAR, -- training plan
    step BIGINT, -- optimiser step
    sequence BIGINT, -- packed row it consumed
    epoch BIGINT -- pass over the training set
);
CREATE TABLE model (
    fingerprint VARCHAR, -- output this row comes from: the model's predictions
    model VARCHAR, -- name in the settings
    kind VARCHAR, -- adapter
    plan VARCHAR, -- training plan, where one made it
    protocol VARCHAR, -- few-shot protocol: sound or official
    stands_on VARCHAR, -- fingerprint of the output that holds its weights or training answers
    spec VARCHAR -- JSON of what the settings say of it
);
CREATE TABLE benchmark_release (
    fingerprint VARCHAR, -- output this row comes from
    release VARCHAR, -- name
    items BIGINT, -- items
    tasks BIGINT, -- tasks
    items_per_task BIGINT, -- most items of a task
    shots BIGINT, -- examples an item shows
    seed VARCHAR, -- seed of the choice
    digest VARCHAR, -- over all that models are shown and scored against
    access VARCHAR -- strictest access class of its items
);
CREATE TABLE item (
    fingerprint VARCHAR, -- output this row comes from
    release VARCHAR, -- benchmark release
    item_id VARCHAR, -- id over release, task and content
    task_id VARCHAR, -- task
    ordinal BIGINT, -- rank of its hash in the task
    corpus VARCHAR, -- corpus it was made from
    instance_id VARCHAR, -- instance it is
    content_id VARCHAR, -- content it shows
    subject VARCHAR, -- what its interval is clustered by
    shot_instance_ids VARCHAR[], -- examples it shows, in order
    access VARCHAR -- strictest access class of it and the examples it shows
);
CREATE TABLE prediction (
    fingerprint VARCHAR, -- output this row comes from
    model VARCHAR, -- model
    item_id VARCHAR, -- item
    task_id VARCHAR, -- task of the item
    output VARCHAR, -- what the model wrote; NULL where it failed
    shots BIGINT, -- examples that fitted its context
    shot_instance_ids VARCHAR[], -- those examples, in order
    truncated BOOLEAN, -- whether the prompt was shortened
    prompt_digest VARCHAR, -- md5 of the messages it was given
    template_digest VARCHAR, -- md5 of the chat template they went through; empty where the model's server has it
    error VARCHAR, -- why there is no output
    cut_off BOOLEAN -- whether the output ended at the limit of new tokens and not by itself
);
CREATE TABLE item_score (
    fingerprint VARCHAR, -- output this row comes from
    model VARCHAR, -- model
    scorer VARCHAR, -- official or corrected
    item_id VARCHAR, -- item
    task_id VARCHAR, -- task
    metric VARCHAR, -- metric
    points DOUBLE, -- 0 to 1; NULL where the metric is no mean over items
    outcome VARCHAR, -- correct, partly, wrong, unparsed, truncated, empty or error
    influence DOUBLE, -- percent points the task's figure owes to this item
    why VARCHAR, -- in words, where the outcome is not plain
    subject VARCHAR, -- corpus/subject, what intervals and comparisons are clustered by; NULL: the item by itself
    counts DOUBLE[], -- what it adds to its task: 1 if it counts, then points of each metric, or TP, FP and FN of each label
    counts_in VARCHAR[], -- names of the figures it counts in: task, pool, categories, overall
    result_digest VARCHAR -- over item, prompt, template, shot ids, answer, scorer and its terms: equal digests, equal results
);
CREATE TABLE score (
    fingerprint VARCHAR, -- output this row comes from
    score_id VARCHAR, -- id over model, release, scorer, level, name and metric
    model VARCHAR, -- model
    release VARCHAR, -- benchmark release
    scorer VARCHAR, -- official or corrected
    level VARCHAR, -- task, category or overall
    name VARCHAR, -- which task or category
    metric VARCHAR, -- metric
    value DOUBLE, -- percent
    low DOUBLE, -- lower end of the 95 % interval
    high DOUBLE, -- upper end
    n BIGINT, -- items it rests on
    comparable BOOLEAN, -- whether it may stand beside published figures
    note VARCHAR, -- why not, or another remark
    result_digest VARCHAR -- over the result digests of the items it rests on, and what is resampled by which seed
);
CREATE TABLE comparison (
    fingerprint VARCHAR, -- output this row comes from
    release VARCHAR, -- benchmark release
    scorer VARCHAR, -- official or corrected
    level VARCHAR, -- task, category or overall
    name VARCHAR, -- which task or category
    metric VARCHAR, -- metric compared
    model_a VARCHAR, -- model whose name sorts first
    model_b VARCHAR, -- the other model
    difference DOUBLE, -- figure of model_a minus that of model_b on the items both answered, percent points
    low DOUBLE, -- lower end of its 95 % interval, widened for all comparisons of the scorer and level
    high DOUBLE, -- upper end
    p DOUBLE, -- two-sided p value, by randomization over subjects
    adjusted DOUBLE, -- p corrected for all comparisons of the scorer and level (Holm): below 0.05 one is ahead
    n BIGINT -- items compared
);

-- The outputs of the current build.
CREATE VIEW current_output AS SELECT DISTINCT fingerprint FROM build WHERE role = 'current';
-- Items whose instance the current build no longer has: changed or gone at the source. Flagged, never swapped.
CREATE VIEW flagged_item AS
SELECT release, item_id, task_id, instance_id FROM main.item
WHERE instance_id NOT IN (SELECT instance_id FROM main.instance);
