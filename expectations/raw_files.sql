-- One row a raw file that records are read from; a file that is read beside another (its companion) has none of its own.
-- What is lost is a share of all files of the entry, since a corpus may have a file a record: of the records, of their
-- bytes, and of the files that gave nothing but faults (one without its companion is no more than such a file). It
-- stands at the files at fault. What is fewer than before, or
-- than the catalog states, is a row of its own.
WITH bad AS (
    SELECT raw_file_id, path, list(concat('record ', record_index, ' (', reason, ')') ORDER BY record_index, start) AS examples,
           count(*) FILTER (reason IN ('truncated', 'too_long') OR (record_index = -1 AND reason <> 'missing_companion'))
               AS open_ended
    FROM record_fault GROUP BY ALL),
file AS (
    SELECT f.path, f.raw_file_id, f.entry, f.bytes, f.records, f.faults,
           (sum(f.records) OVER entry)::BIGINT AS entry_records,
           sum(f.faults) OVER entry / sum(f.records + f.faults) OVER entry AS record_share,
           coalesce(sum(f.fault_bytes) OVER entry / nullif(sum(f.read_bytes) OVER entry, 0), 0) AS byte_share,
           CASE WHEN f.faults > 0 THEN greatest(record_share, byte_share) ELSE 0 END AS fault_share,
           CASE WHEN f.faults = 0 THEN '' ELSE concat(sum(f.faults) OVER entry, ' bad of ', sum(f.records + f.faults) OVER entry,
               ' records, ', round(100 * byte_share, 1), ' % of their bytes') END AS lost,
           CASE WHEN f.faults > 0 AND f.records = 0
                THEN count(*) FILTER (f.faults > 0 AND f.records = 0) OVER entry / count(*) OVER entry ELSE 0 END AS lost_share,
           -- Where every file is one record, a bad file is a bad record.
           CASE WHEN $accepted OR (count(*) OVER entry > 1 AND max(f.records + f.faults) OVER entry = 1) THEN 0
                ELSE coalesce(bad.open_ended, 0) END AS open_ended,
           coalesce(array_to_string(bad.examples[:5], '; '), '') AS bad_records
    FROM raw_file AS f
    LEFT JOIN bad USING (raw_file_id, path)
    WHERE f.role IS NULL
    WINDOW entry AS (PARTITION BY f.entry)),
entry AS (SELECT entry, sum(records)::BIGINT AS records FROM file GROUP BY ALL),
known AS (
    SELECT key AS entry, value::BIGINT AS records, 'before' AS since FROM json_each($before)
    UNION ALL SELECT key, value::BIGINT, 'stated by the catalog' FROM json_each($stated))
SELECT *, NULL::DOUBLE AS before_share, NULL::DOUBLE AS stated_share FROM file
UNION ALL BY NAME
SELECT concat('(all of ', known.entry, ')') AS path,
       CASE WHEN since = 'before' THEN 1 - coalesce(entry.records, 0) / known.records END AS before_share,
       CASE WHEN since <> 'before' THEN 1 - coalesce(entry.records, 0) / known.records END AS stated_share,
       concat(coalesce(entry.records, 0), ' records, ', known.records, ' ', since) AS lost
FROM known LEFT JOIN entry USING (entry)
ORDER BY path, entry, lost
