-- Macros every recipe may use. Each is one expression; documented in docs/add-a-corpus.md.

-- Passages joined by line breaks.
CREATE TEMP MACRO joined(passages) AS array_to_string(passages, chr(10));

-- Distinct surface forms of the entities of one type, in order of first appearance.
CREATE TEMP MACRO entity_texts(entities, kind) AS list_transform(
    list_filter(
        list_transform(
            list_filter(entities, lambda e: e.type = kind),
            lambda e, i: {'text': e.text, 'at': i}
        ),
        lambda m: list_position(
            list_transform(list_filter(entities, lambda e: e.type = kind), lambda e: e.text), m.text
        ) = m.at
    ),
    lambda m: m.text
);

-- The form the NER tasks answer in: 'a, b.' or the sentinel where there is none.
CREATE TEMP MACRO entity_answer(entities, kind, sentinel) AS
    CASE WHEN len(entity_texts(entities, kind)) = 0 THEN sentinel
         ELSE array_to_string(entity_texts(entities, kind), ', ') || '.' END;
