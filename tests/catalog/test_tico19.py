"""TICO-19: TMX by language pair, a pair that lies in a zip, units left untranslated, blank rows of terms."""

from __future__ import annotations

import html
import zipfile

import pytest
from build_corpus import Builds, Built
from lxml import etree
from plain import blanks_cut, csv_rows

LANG = "{http://www.w3.org/XML/1998/namespace}lang"
TARGETS = {"es": "es-419", "zh": "zh", "ru": "ru"}
Unit = tuple[str, str, str]


@pytest.fixture(scope="module", params=["twin", "real"])
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("tico19", request.param)


@pytest.fixture(scope="module")
def units(built: Built) -> dict[str, list[Unit]]:
    """Id, English and the other language of every unit, by target."""
    found: dict[str, list[Unit]] = {}
    for short, target in TARGETS.items():
        path = built.folder / f"data/TM/all.en-{target}.tmx"
        if not path.exists():
            with zipfile.ZipFile(f"{path}.zip") as archive:
                body = archive.read(path.name)
        else:
            body = path.read_bytes()
        found[short] = []
        for unit in etree.fromstring(body).iter("tu"):
            texts = {variant.get(LANG): variant.findtext("seg") or "" for variant in unit.iter("tuv")}
            said = {language: blanks_cut(html.unescape(text)) for language, text in texts.items()}
            found[short].append((unit.get("tuid") or "", said["en"], said[target]))
    return found


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_both_directions_hold_every_unit(built: Built, units: dict[str, list[Unit]], target: str) -> None:
    there = [(number, english, other) for number, english, other in units[target] if other != "{NS}"]
    forth, back = built.task(f"x_tico19_en_{target}"), built.task(f"x_tico19_{target}_en")
    assert [(row["record_key"], row["input"], row["outputs"][0]) for row in forth] == there
    assert [(row["record_key"], row["outputs"][0], row["input"]) for row in back] == there
    assert {row["subject"] for row in forth} == {number.rsplit(":", 1)[0] for number, _, _ in there}


def test_a_pair_that_lies_there_twice_is_used_once(built: Built, units: dict[str, list[Unit]]) -> None:
    assert len(built.task("x_tico19_en_zh")) == len(units["zh"])


def test_terms_without_the_blank_rows(built: Built) -> None:
    rows = csv_rows(built.folder / "data/terminologies/f_en-es_XX.csv")
    named = [(row["sourceString"].strip(), row["targetString"].strip()) for row in rows if row["sourceString"].strip()]
    assert built.pairs("x_tico19_terms_en_es") == named
    assert len(named) < len(rows)


def test_a_member_of_the_zip_is_traced(built: Built) -> None:
    row = built.task("x_tico19_en_ru")[0]
    (source,) = built.sources[row["instance_id"]]
    assert source["path"] == "data/TM/all.en-ru.tmx.zip::all.en-ru.tmx"
    (text,) = built.raw_texts(row)
    assert text.startswith("<tu ")
    assert html.escape(row["outputs"][0], quote=False) in text


def test_counts(built: Built, units: dict[str, list[Unit]]) -> None:
    assert built.faults == built.rejected == []
    if built.origin == "real":
        assert {target: len(found) for target, found in units.items()} == {"es": 3071, "zh": 3071, "ru": 3071}
        assert built.count("data/TM/all.en-es-419.tmx") == built.count("data/TM/all.en-zh.tmx") == 3071
        assert built.count("data/terminologies/f_en-es_XX.csv") == 612
        assert len(built.task("x_tico19_en_es")) == 3066
