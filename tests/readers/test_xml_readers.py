"""XML, TMX, DDI and BioC: paths, addresses, and that nothing outside the file is ever read."""

from __future__ import annotations

import io
import random
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from reading import BIOC, DDI, SAMPLES, faults, rows, units

from meds_pipeline.core.errors import CatalogError
from meds_pipeline.readers import Fault, get_reader
from meds_pipeline.readers.columns import parse_type
from meds_pipeline.readers.window import CHUNK
from meds_pipeline.readers.xml_elements import PATH, extractor

QA = {"record": "qa", "columns": {"id": "VARCHAR", "q": "VARCHAR"}, "paths": {"id": "@id"}}
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="￾￿"), max_size=20)


@settings(max_examples=60, deadline=None)
@given(
    pairs=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5),
    noise=st.sampled_from(["", "<!-- <qa>no</qa> -->", "<other><![CDATA[<qa>]]></other>", "\n  ", "<?pi x?>"]),
)
def test_written_elements_come_back_and_every_address_resolves(pairs: list[tuple[str, str]], noise: str) -> None:
    body = noise.join(f"<qa id={quoteattr(a)}><q>{escape(b)}</q></qa>" for a, b in pairs)
    data = f'<?xml version="1.0" encoding="utf-8"?>\n<doc>{noise}{body}</doc>\n'.encode()
    found = units("xml", data, **QA)
    assert rows(found) == pairs
    texts = [get_reader("xml").raw_text(io.BytesIO(data), unit, **QA) for unit in found]
    nodes = [etree.fromstring(text) for text in texts]
    assert [(node.get("id"), node.findtext("q")) for node in nodes] == pairs


def test_paths() -> None:
    data = (
        b'<Document id="d"><Focus>ache</Focus><QAPairs><QAPair pid="1">'
        b'<Question qtype="cause">Why <b>so</b>?</Question>'
        b'<Answer/></QAPair><QAPair pid="2"><Question>How?</Question></QAPair></QAPairs></Document>'
    )
    columns = {
        "@id": "VARCHAR",
        "focus": "VARCHAR",
        "pairs": 'STRUCT("@pid" BIGINT, "Question" VARCHAR, "Question/@qtype" VARCHAR, "Answer" VARCHAR)[]',
        "all_questions": "VARCHAR[]",
        "absent": "VARCHAR",
        "absents": "VARCHAR[]",
    }
    paths = {"focus": "Focus", "pairs": "QAPairs/QAPair", "all_questions": ".//Question"}
    ((identifier, focus, pairs, questions, absent, absents),) = rows(
        units("xml", data, record="Document", columns=columns, paths=paths)
    )
    assert (identifier, focus, absent, absents) == ("d", "ache", None, [])
    assert questions == ["Why so?", "How?"]
    assert pairs == [
        {"@pid": 1, "Question": "Why so?", "Question/@qtype": "cause", "Answer": ""},
        {"@pid": 2, "Question": "How?", "Question/@qtype": None, "Answer": None},
    ]


def test_namespaces_of_the_root_hold_inside_records() -> None:
    data = b'<doc xmlns:x="urn:x"><qa x:href="u"><x:q>a</x:q></qa></doc>'
    options = {"record": "qa", "columns": {"@x:href": "VARCHAR", "q": "VARCHAR"}, "paths": {"q": "{*}q"}}
    assert rows(units("xml", data, **options)) == [("u", "a")]


def test_declared_encoding_is_used() -> None:
    data = '<?xml version="1.0" encoding="ISO-8859-1"?><doc><qa id="1"><q>é</q></qa></doc>'.encode("latin-1")
    found = units("xml", data, **QA)
    assert rows(found) == [("1", "é")]
    assert get_reader("xml").raw_text(io.BytesIO(data), found[0], **QA) == '<qa id="1"><q>é</q></qa>'
    assert faults(units("xml", '<?xml version="1.0"?><doc/>'.encode("utf-16"), **QA)) == [(-1, "bad_encoding")]
    assert faults(units("xml", b'<?xml version="1.0" encoding="latin-99"?><doc/>', **QA)) == [(-1, "bad_encoding")]


def test_entities_are_not_expanded_and_nothing_is_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("protected")
    head = f'<!DOCTYPE doc [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "{secret.as_uri()}">]>'
    body = "<doc><qa><q>&b;</q></qa><qa><q>&f;</q></qa><qa><q>x &amp; y</q></qa></doc>"
    found = units("xml", (head + body).encode(), **QA)
    assert rows(found) == [(None, "x & y")]
    assert faults(found) == [(0, "bad_record"), (1, "bad_record")]
    assert all("entities are not expanded" in unit.detail for unit in found if isinstance(unit, Fault))
    assert "protected" not in str(found)


def test_types_and_required() -> None:
    options = {"record": "qa", "columns": {"@id": "BIGINT", "q": "VARCHAR"}, "required": ["q"]}
    data = b'<doc><qa id="x"><q>a</q></qa><qa id="2"/><qa id="3"><q/></qa></doc>'
    found = units("xml", data, **options)
    assert rows(found) == [(3, "")]
    assert faults(found) == [(0, "mistyped_field"), (1, "missing_field")]


@pytest.mark.parametrize(
    ("path", "kind", "problem"),
    [
        ("document('/etc/passwd')", "VARCHAR", "is not a path"),
        ("a b", "VARCHAR", "is not a path"),
        ("a[1]", "VARCHAR", "is not a path"),
        ("../a", "VARCHAR", "is not a path"),
        ("/a", "VARCHAR", "is not a path"),
        ("a/", "VARCHAR", "is not a path"),
        ("a/@b/c", "VARCHAR", "is not a path"),
        ("x:a", "VARCHAR", "is not a path"),
        ("", "VARCHAR", "is not a path"),
        ("a", 'STRUCT("b(" VARCHAR)[]', r"'b\(' is not a path"),
        ("a", "MAP(VARCHAR, VARCHAR)", "no MAP"),
        ("a", "VARCHAR[][]", r"no VARCHAR\[\]"),
    ],
)
def test_paths_and_types_are_checked_before_a_file_is_read(path: str, kind: str, problem: str) -> None:
    with pytest.raises(CatalogError, match=rf"column c: .*{problem}"):
        get_reader("xml").schema({"record": "qa", "columns": {"c": kind}, "paths": {"c": path}})


@settings(max_examples=300, deadline=None)
@given(path=st.from_regex(PATH, fullmatch=True), kind=st.sampled_from(["VARCHAR", "VARCHAR[]"]))
def test_every_path_that_is_taken_can_be_looked_for(path: str, kind: str) -> None:
    node = etree.fromstring("<qa><a b='1'/></qa>")
    assert extractor(path, parse_type(kind))(node) in (None, [], "", [""], "1", ["1"])


def test_damage_costs_the_elements_it_touches() -> None:
    """800 damages: lost tags, orphans and broken text never take a neighbour with them, and never in silence."""
    pairs = [(f"id{n}", f'say "{n}" & <go> ' * 3) for n in range(40)]
    inner = "\n".join(f"<qa id={quoteattr(a)}><q>{escape(b)}</q></qa>" for a, b in pairs)
    data = f"<doc>\n{inner}\n</doc>".encode()
    rng = random.Random(3)  # noqa: S311  # damage, not secrets
    for _ in range(800):
        at = rng.randrange(6, len(data) - 7)
        put = rng.choice([b"", b"<", b">", b'"', b"/", b"&", bytes([data[at] ^ 1 << rng.randrange(8)])])
        damaged = data[:at] + put + data[at + rng.randrange(2) :]
        found = units("xml", damaged, **QA)
        lost = set(pairs) - set(rows(found))
        assert len(lost) <= 2, (damaged[at - 30 : at + 30], lost, faults(found))
        assert len(lost) <= len(faults(found)) + len(set(rows(found)) - set(pairs))


def test_truncation_is_seen_even_between_elements() -> None:
    data = b'<doc><qa id="1"><q>a</q></qa><qa id="2"><q>b</q></qa></doc>'
    assert faults(units("xml", data[:45], **QA)) == [(1, "truncated")]
    assert faults(units("xml", data[: -len("</doc>")], **QA)) == [(2, "truncated")]


def test_elements_across_chunk_borders() -> None:
    texts = ["x" * (CHUNK + 9), "a", "y" * (CHUNK // 2), "<!-- " + "z" * CHUNK + " -->b", "c"]
    inner = "".join(f"<qa id='{n}'><q>{text}</q></qa><!--<qa>" + " " * 300 + "-->" for n, text in enumerate(texts))
    found = units("xml", f"<doc>{inner}</doc>".encode(), **QA)
    assert [len(values[1]) for values in rows(found)] == [CHUNK + 9, 1, CHUNK // 2, 1, 1]


def test_tmx_text_without_codes_and_all_languages() -> None:
    found = units("tmx", SAMPLES["tmx"].data)
    assert rows(found) == [("1", [("en", "dose now"), ("fr", "dose")], [])]
    two = b'<tu><tuv lang="en"><seg>a</seg></tuv><tuv lang="en"><seg>b</seg></tuv></tu>'
    two = b"<tmx>" + two + b"<tu><tuv><seg>x</seg></tuv></tu><tu/></tmx>"
    assert faults(units("tmx", two)) == [(0, "bad_record"), (1, "missing_field"), (2, "missing_field")]


def test_ddi_offsets_are_inclusive_and_pairs_that_do_not_interact_have_no_type() -> None:
    (first, text, entities, relations), second = rows(units("ddi", DDI))
    assert first == "D1.s0"
    assert [text[one["start"] : one["end"]] for one in entities[:2]] == ["Alfol", "betin"]
    assert entities[2]["spans"] == [{"start": 12, "end": 17}, {"start": 28, "end": 37}]
    assert [(one["type"], [arg["ref"] for arg in one["args"]]) for one in relations] == [
        ("effect", ["D1.s0.e0", "D1.s0.e1"]),
        (None, ["D1.s0.e1", "D1.s0.e2"]),
    ]
    assert second == ("D1.s1", "Nothing here.\r\n", [], [])


def test_bioc_passages_stand_at_their_offsets() -> None:
    ((identifier, text, entities, relations),) = rows(units("bioc", BIOC))
    assert (identifier, text) == ("7", "Alfol rash. A rash came.")
    assert [(text[one["start"] : one["end"]], one["type"], one["refs"]) for one in entities] == [
        ("Alfol", "Chemical", ["D1"]),
        ("rash", "Disease", ["D2"]),
    ]
    assert relations == [
        {"id": "R1", "type": "CID", "args": [{"role": "Chemical", "ref": "D1"}, {"role": "Disease", "ref": "D2"}]}
    ]
