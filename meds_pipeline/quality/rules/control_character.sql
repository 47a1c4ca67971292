-- severity: error
-- Control characters other than tab and line breaks: the file was read in the wrong encoding or is damaged.
SELECT instance_id, 'control character in the ' || CASE WHEN regexp_matches(input, '[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]')
       THEN 'input' ELSE 'output' END AS detail
FROM instance
WHERE regexp_matches(input || array_to_string(outputs, ' '), '[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]')
