"""Entity lists (NER) under the corrected scorer."""

from __future__ import annotations

import pytest
from golden import blocks, judged
from meds_pipeline.scoring.corrected.nothing import says_none

from meds_pipeline.scoring.corrected.entities import entities, gold_entities

WHOLE = (
    *("NO", "nitric oxide (NO)", "[3H]dopamine", "Ca(2+)", "5'-AMP", "3'", "N,N-dimethylaniline", "C++", "E. coli"),
    *("alpha,beta-methylene ATP", "1,25(OH)2D3", "vitamin B12", "beta-blockers: atenolol", "d-amphetamine", "NA"),
    *("N-acetyl-p-benzoquinone imine (NAPQI)", "all-trans retinoic acid", "Drug-induced hepatitis", "NAD(+)"),
    *("gene product 41", "no-reflow phenomenon", "human immunodeficiency virus", "(-)-epicatechin", "+/- propranolol"),
)


@pytest.mark.parametrize(
    ("output", "found"), [(output, block["entities"]) for block in blocks("entities") for output in block["outputs"]]
)
def test_golden_answers(output: str, found: list[str]) -> None:
    assert entities(output, found) == set(found)


@pytest.mark.parametrize("name", WHOLE)
def test_no_name_is_cut(name: str) -> None:
    assert entities(name) == {name.lower()}
    assert gold_entities(f"{name}.") == {name.lower()}
    assert judged("task125", f"zinc, {name}.", f"{name}, zinc").outcome == "correct"


def test_and_parts_a_list_unless_it_cuts_a_gold_entity() -> None:
    gold = gold_entities("head and neck cancer, asthma.")
    assert entities("asthma and head and neck cancer", gold) == gold
    assert entities("head and neck cancer", ()) == {"head", "neck cancer"}
    assert entities("neck and head and neck cancer", gold) == {"neck", "head and neck cancer"}


def test_empty_and_missing_predictions_cost_recall() -> None:
    for output in (None, "", "  ", "NaN"):
        assert judged("task125", "zinc, iron.", output).counts == (1.0, 0, 0, 2)
        assert judged("task125", "zinc, iron.", output).outcome == "empty"
    assert judged("task125", "zinc, iron.", "Iron, ZINC").counts == (1.0, 2, 0, 0)


def test_none_is_an_answer() -> None:
    sentinel = "There is no related enetity."
    assert says_none(sentinel)
    assert judged("task125", sentinel, "None").outcome == "correct"
    assert judged("task125", sentinel, "zinc").counts == (1.0, 0, 1, 0)
    assert judged("task125", "zinc.", "None").outcome == "wrong"


def test_of_several_references_the_nearest_counts() -> None:
    references = ("zinc, iron.", "zinc.")
    assert judged("task125", references, "zinc").counts == (1.0, 1, 0, 0)
    assert judged("task125", references, "iron, zinc").counts == (1.0, 2, 0, 0)
