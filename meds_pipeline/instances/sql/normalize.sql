-- One recipe's rows; the view has already made `source` and `outputs` lists.
INSERT INTO answer
SELECT getvariable('task'), source, input, coalesce(list_filter(outputs, lambda o: o IS NOT NULL), []), split, subject,
       record_key, explanation
FROM recipe_answer;
