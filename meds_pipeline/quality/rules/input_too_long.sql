-- severity: error
-- Longer than any context a plan could use; usually several records run together.
SELECT instance_id, length(input) || ' characters, the limit is ' || getvariable('max_input_chars') AS detail
FROM instance WHERE length(input) > getvariable('max_input_chars')
