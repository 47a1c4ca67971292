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

-- A list of items in the form the NER tasks answer in; a comma inside an item gives way, so that items stay apart.
CREATE TEMP MACRO listed(items, sentinel) AS
    CASE WHEN len(items) = 0 THEN sentinel
         ELSE array_to_string(list_transform(items, lambda i: regexp_replace(i, ' ?, ', ' ', 'g')), ', ') || '.' END;

-- Options of a choice question as lines 'A: text', from a map of letter to text.
CREATE TEMP MACRO option_lines(options) AS array_to_string(
    list_transform(list_sort(map_keys(options)), lambda k: concat(upper(k), ': ', options[k])), chr(10)
);

-- train, validation or test from upstream's name of a part (train, TrainingSet, devel, dev, valid, test); else NULL.
CREATE TEMP MACRO split_of(part) AS
    CASE WHEN contains(lower(part), 'test') THEN 'test'
         WHEN regexp_matches(lower(part), 'dev|val') THEN 'validation'
         WHEN contains(lower(part), 'train') THEN 'train' END;

-- A list written as a Python literal: "['a', 'b']". DuckDB keeps the backslash before an apostrophe.
CREATE TEMP MACRO python_list(literal) AS
    list_transform(CAST(literal AS VARCHAR[]), lambda item: replace(item, '\''', ''''));

-- ASCII text in which other characters stand as Python's bytes literals show them: 'Ullrich\xe2\x80\x93Turner'.
CREATE TEMP MACRO python_bytes(literal) AS decode(CAST(replace(literal, '\''', '''') AS BLOB));

-- Text with the named characters of HTML that occur in corpora as what they name.
CREATE TEMP MACRO unescaped(html) AS CASE WHEN contains(html, '&') THEN list_reduce(
    [['&nbsp;', ' '], ['&lt;', '<'], ['&gt;', '>'], ['&quot;', '"'], ['&#39;', ''''], ['&apos;', ''''],
     ['&ldquo;', '“'], ['&rdquo;', '”'], ['&ndash;', '–'], ['&alpha;', 'α'], ['&beta;', 'β'], ['&gamma;', 'γ'],
     ['&kappa;', 'κ'], ['&mu;', 'µ'], ['&reg;', '®'], ['&trade;', '™'], ['&amp;', '&']],
    lambda text, pair: [replace(text[1], pair[1], pair[2])],
    [html]
)[1] ELSE html END;

-- The same without the tags of inline markup.
CREATE TEMP MACRO without_markup(html) AS unescaped(regexp_replace(html, '</?(i|b|em|sub|sup)>', '', 'gi'));

-- Distinct items in order of first appearance, NULLs left out.
CREATE TEMP MACRO in_order(items) AS
    list_filter(items, lambda x, i: x IS NOT NULL AND list_position(items, x) = i);

-- Text of the first entity that carries an identifier of an outer vocabulary; of the entity with an id of the record.
CREATE TEMP MACRO name_of(entities, ref) AS list_filter(entities, lambda e: list_contains(e.refs, ref))[1].text;
CREATE TEMP MACRO text_of(entities, id) AS list_filter(entities, lambda e: e.id = id)[1].text;

-- Text in which double square brackets can mark one place: those it has itself become single.
CREATE TEMP MACRO unmarked(passage) AS replace(replace(passage, '[[', '['), ']]', ']');

-- One entity between double square brackets, with so many characters of the passage on either side, cut at blanks.
CREATE TEMP MACRO pointed_at(passage, entity, width) AS concat(
    unmarked(CASE WHEN entity."start" <= width THEN left(passage, entity."start")
         ELSE '... ' || regexp_replace(substr(passage, entity."start" - width + 1, width), '^\S*\s+', '') END),
    '[[', unmarked(substr(passage, entity."start" + 1, entity."end" - entity."start")), ']]',
    unmarked(CASE WHEN entity."end" + width >= length(passage) THEN substr(passage, entity."end" + 1)
         ELSE regexp_replace(substr(passage, entity."end" + 1, width), '\s+\S*$', '') || ' ...' END));

-- The whole passage with two entities between double square brackets. What is nested stays nested.
CREATE TEMP MACRO both_pointed_at(passage, one, other) AS list_reduce(
    list_sort([{'at': one."start", 'opens': 1, 'text': '[['}, {'at': one."end", 'opens': 0, 'text': ']]'},
               {'at': other."start", 'opens': 1, 'text': '[['}, {'at': other."end", 'opens': 0, 'text': ']]'}], 'DESC'),
    lambda marked, mark: {'at': 0, 'opens': 0, 'text':
        concat(left(marked.text, mark.at), mark.text, substr(marked.text, mark.at + 1))},
    {'at': 0, 'opens': 0, 'text': passage}
).text;

-- Passage without runs of blanks, blanks at line ends and empty lines.
CREATE TEMP MACRO tidy(passage) AS
    trim(regexp_replace(regexp_replace(passage, '[ \t\x{a0}]+', ' ', 'g'), '\s*\n\s*', chr(10), 'g'), ' ' || chr(10));

-- Position of a record in its file, from 0.
CREATE TEMP MACRO record_index(source) AS (source % 4294967296)::BIGINT;

-- A list of options as lines 'A: first', and the published form of the answer at a place of it, from 1.
CREATE TEMP MACRO lettered(options) AS
    array_to_string(list_transform(options, lambda o, i: chr(64 + i::INTEGER) || ': ' || o), chr(10));
CREATE TEMP MACRO right_answer(options, place) AS
    concat('The right answer is ', chr(64 + place::INTEGER), ': ', options[place]);
