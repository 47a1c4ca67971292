"""DrugBank: quoted cells with line breaks, markup in descriptions, several codes and categories in a cell."""

from __future__ import annotations

import html
import re

import pytest
from build_corpus import BOTH, Builds, Built
from plain import blanks_cut, csv_rows

DESCRIPTION, CATEGORIES = "x_drugbank_hetionet_description", "x_drugbank_hetionet_categories"
ATC = "x_drugbank_hetionet_atc"
INITIALS = {
    "A": "alimentary tract and metabolism",
    "B": "blood and blood forming organs",
    "C": "cardiovascular system",
    "D": "dermatologicals",
    "G": "genito urinary system and sex hormones",
    "H": "systemic hormonal preparations",
    "J": "antiinfectives for systemic use",
    "L": "antineoplastic and immunomodulating agents",
    "M": "musculo-skeletal system",
    "N": "nervous system",
    "P": "antiparasitic products",
    "R": "respiratory system",
    "S": "sensory organs",
    "V": "various",
}


@pytest.fixture(scope="module", params=BOTH)
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("drugbank_hetionet", request.param)


@pytest.fixture(scope="module")
def drugs(built: Built) -> list[dict[str, str]]:
    """Drugs with a description, its text as a reader sees it."""
    rows = [row for row in csv_rows(built.folder / "data/drugbank.tsv", delimiter="\t") if row["description"]]
    for row in rows:
        text = html.unescape(re.sub(r"(?i)</?(?:i|b|sub|sup)>", "", row["description"])).replace("\r\n", "\n")
        row["description"] = blanks_cut(re.sub(r"(?i)\s*\[(?:pubchem|wiki|wikipedia|hmdb|chebi)\]\s*$", "", text))
    return rows


def test_names_ask_for_the_description(built: Built, drugs: list[dict[str, str]]) -> None:
    assert built.pairs(DESCRIPTION) == [(row["name"].strip(), row["description"]) for row in drugs]
    assert not [
        text for _, text in built.pairs(DESCRIPTION) if "\r" in text or "&#" in text or text.endswith("[PubChem]")
    ]


def test_categories_are_one_list(built: Built, drugs: list[dict[str, str]]) -> None:
    wanted = [
        (f"{row['name']}\n{row['description']}", row["categories"].replace(", ", " ").replace("|", ", ") + ".")
        for row in drugs
        if row["categories"]
    ]
    assert built.pairs(CATEGORIES) == wanted


def test_every_main_group_of_the_codes_is_right(built: Built, drugs: list[dict[str, str]]) -> None:
    wanted = [
        (row["drugbank_id"], [INITIALS[letter] for letter in sorted({code[0] for code in row["atc_codes"].split("|")})])
        for row in drugs
        if row["atc_codes"]
    ]
    assert [(row["record_key"], row["outputs"]) for row in built.task(ATC)] == wanted
    assert any(len(groups) > 1 for _, groups in wanted)


def test_counts(built: Built) -> None:
    assert built.faults == built.rejected == []
    if built.origin == "real":
        # SOURCE.md counts lines behind the header; 499 of them go on a cell begun above.
        assert (built.folder / "data/drugbank.tsv").read_bytes().count(b"\n") - 1 == 8258
        assert built.count("data/drugbank.tsv") == 7759
        assert len({row["drugbank_id"] for row in built.records("drugs")}) == 7759
        assert [len(built.task(task)) for task in (DESCRIPTION, CATEGORIES, ATC)] == [3073, 1661, 1473]
