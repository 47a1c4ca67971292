-- One row a raw file, with the share of its records that are bad and the first of them. A file that is read beside
-- another (its companion) has no records of its own, so records are asked of all files of an entry together.
SELECT f.path, f.raw_file_id, f.entry, f.bytes, f.records, f.faults,
       sum(f.records) OVER (PARTITION BY f.entry)::BIGINT AS entry_records,
       f.faults / greatest(f.records + f.faults, 1) AS fault_share,
       coalesce(array_to_string(bad.examples[:5], '; '), '') AS bad_records
FROM raw_file AS f
LEFT JOIN (
    SELECT raw_file_id, path, list(concat('record ', record_index, ' (', reason, ')') ORDER BY record_index, start) AS examples
    FROM record_fault GROUP BY ALL) AS bad USING (raw_file_id, path)
ORDER BY f.path, f.entry
