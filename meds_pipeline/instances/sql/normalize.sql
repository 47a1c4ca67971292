-- One recipe's rows; the view has already made `source` and `outputs` lists. Blanks around texts say nothing and go.
INSERT INTO answer
SELECT getvariable('task'), source, trim(input, blanks),
       coalesce([trim(output, blanks) FOR output IN outputs IF output IS NOT NULL], []),
       split, subject, record_key, explanation
FROM recipe_answer, (SELECT e' \t\r\n' || chr(160) AS blanks);
