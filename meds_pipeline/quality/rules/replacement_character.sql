-- severity: warn
-- U+FFFD stands where a byte could not be decoded.
SELECT instance_id, 'U+FFFD in the text' AS detail
FROM instance WHERE contains(input || array_to_string(outputs, ' '), chr(65533))
