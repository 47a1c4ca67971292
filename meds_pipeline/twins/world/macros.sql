-- What SELECTs of twins share.

-- The part's name as upstream has it.
CREATE MACRO part_as(part, train, validation, test) AS
    CASE part WHEN 'train' THEN train WHEN 'validation' THEN validation ELSE test END;

-- A text as tokens with one blank between them, the form of IOB files.
CREATE MACRO tokens_of(passage_text) AS trim(regexp_replace(passage_text, '(\w+|[^\w\s])\s*', '\1 ', 'g'));

-- A sentence cut into tokens, its mentions with it, all of one type where one is given.
CREATE MACRO tokenized(passage, kind := NULL) AS {
    'text': tokens_of(passage.text),
    'entities': list_transform(passage.entities, lambda e: struct_update(e,
        type := coalesce(kind, e.type), text := tokens_of(e.text),
        "start" := length(tokens_of(passage.text[:e."start"])) + CASE WHEN e."start" > 0 THEN 1 ELSE 0 END,
        "end" := length(tokens_of(passage.text[:e."end"]))))
};

-- A list as Python writes it.
CREATE MACRO python_literal(items) AS '[''' || array_to_string(items, ''', ''') || ''']';
