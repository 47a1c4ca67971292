CREATE TEMP TABLE answer (
    task_id VARCHAR, source UBIGINT[], input VARCHAR, outputs VARCHAR[], split VARCHAR, subject VARCHAR,
    record_key VARCHAR, explanation VARCHAR
);
