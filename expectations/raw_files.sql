-- One row a raw file that records are read from; a file that is read beside another (its companion) has none of its own.
-- What is lost is a share of all files of the entry, since a corpus may have a file a record: of the records, and of the
-- files that gave nothing but faults. It stands at the files at fault.
SELECT f.path, f.raw_file_id, f.entry, f.bytes, f.records, f.faults,
       (sum(f.records) OVER entry)::BIGINT AS entry_records,
       CASE WHEN f.faults > 0 THEN sum(f.faults) OVER entry / sum(f.records + f.faults) OVER entry ELSE 0 END AS fault_share,
       CASE WHEN f.faults > 0 AND f.records = 0
            THEN count(*) FILTER (f.faults > 0 AND f.records = 0) OVER entry / count(*) OVER entry ELSE 0 END AS lost_share,
       coalesce(bad.cut, 0) AS cut_records,
       coalesce(array_to_string(bad.examples[:5], '; '), '') AS bad_records
FROM raw_file AS f
LEFT JOIN (
    SELECT raw_file_id, path, list(concat('record ', record_index, ' (', reason, ')') ORDER BY record_index, start) AS examples,
           count(*) FILTER (reason = 'truncated') AS cut
    FROM record_fault GROUP BY ALL) AS bad USING (raw_file_id, path)
WHERE f.role IS NULL
WINDOW entry AS (PARTITION BY f.entry)
ORDER BY f.path, f.entry
