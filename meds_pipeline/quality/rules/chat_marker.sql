-- severity: warn
-- Text that looks like a chat template's control token; the tokenizer encodes it as plain text.
SELECT instance_id, 'looks like a chat control token' AS detail
FROM instance WHERE regexp_matches(input || array_to_string(outputs, ' '), '<\|[a-z_]+\|>|\[/?INST\]|<<SYS>>')
