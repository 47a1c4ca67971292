-- One recipe's rows; the view has already made `source` and `outputs` lists. Blanks around texts say nothing.
INSERT INTO answer
SELECT getvariable('task'), source, trim(input, e' \t\r\n' || chr(160)),
       coalesce(list_transform(list_filter(outputs, lambda o: o IS NOT NULL), lambda o: trim(o, e' \t\r\n' || chr(160))), []), split, subject,
       record_key, explanation
FROM recipe_answer;
