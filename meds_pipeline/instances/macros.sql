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

-- Distinct items in order of first appearance, NULLs left out.
CREATE TEMP MACRO in_order(items) AS
    list_filter(items, lambda x, i: x IS NOT NULL AND list_position(items, x) = i);

-- A list as an answer: 'a, b.' or the sentinel where it is empty.
CREATE TEMP MACRO list_answer(items, sentinel) AS
    CASE WHEN len(items) = 0 THEN sentinel ELSE array_to_string(items, ', ') || '.' END;

-- Text of the first entity that carries an identifier of an outer vocabulary; of the entity with an id of the record.
CREATE TEMP MACRO name_of(entities, ref) AS list_filter(entities, lambda e: list_contains(e.refs, ref))[1].text;
CREATE TEMP MACRO text_of(entities, id) AS list_filter(entities, lambda e: e.id = id)[1].text;

-- The text with one of its entities between double square brackets.
CREATE TEMP MACRO pointed_at(passage, entity) AS
    concat(left(passage, entity."start"), '[[', substr(passage, entity."start" + 1, entity."end" - entity."start"), ']]',
           substr(passage, entity."end" + 1));

-- Passage without runs of blanks, blanks at line ends and empty lines.
CREATE TEMP MACRO tidy(passage) AS
    trim(regexp_replace(regexp_replace(passage, '[ \t\x{a0}]+', ' ', 'g'), '\s*\n\s*', chr(10), 'g'), ' ' || chr(10));

-- Position of a record in its file, from 0.
CREATE TEMP MACRO record_index(source) AS (source % 4294967296)::BIGINT;

-- Options of a choice question, one a line: 'A: first'; and the published form of the answer at a place, from 1.
CREATE TEMP MACRO option_lines(options) AS
    array_to_string(list_transform(options, lambda o, i: chr(64 + i::INTEGER) || ': ' || o), chr(10));
CREATE TEMP MACRO right_answer(options, place) AS
    concat('The right answer is ', chr(64 + place::INTEGER), ': ', options[place]);
