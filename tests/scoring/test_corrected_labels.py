"""Multilabel answers (HoC) under the corrected scorer."""

from __future__ import annotations

import pytest
from golden import blocks, judged

from meds_pipeline.scoring.engine import score
from meds_pipeline.scoring.registry import spec_for
from meds_pipeline.scoring.table import answers_table

LABELS = spec_for("task106").labels


@pytest.mark.parametrize(
    ("output", "labels"), [(output, block["labels"]) for block in blocks("labels") for output in block["outputs"]]
)
def test_golden_answers(output: str, labels: list[str]) -> None:
    counts = judged("task106", ", ".join(labels) + ".", output).counts
    assert (sum(counts[1::3]), sum(counts[2::3]), sum(counts[3::3])) == (len(labels), 0, 0)


def test_listing_the_set_names_nothing() -> None:
    everything = judged("task106", LABELS[1], ", ".join(LABELS))
    assert (everything.outcome, sum(everything.counts[1:])) == ("unparsed", 1)
    nearly = judged("task106", LABELS[1], ", ".join(LABELS[:8]))
    assert sum(nearly.counts[1:]) == 1
    few = judged("task106", LABELS[1], ", ".join(LABELS[:7]))
    assert sum(few.counts[1:]) == 7
    mixed = judged("task106", LABELS[1], ", ".join([*LABELS[3:8], *LABELS[:3]]))
    assert sum(mixed.counts[1:]) == 8  # not in the order of the definition
    true = judged("task106", ", ".join(LABELS[:8]), ", ".join(LABELS[:8]))
    assert true.outcome == "correct"


def test_none_is_an_answer() -> None:
    assert judged("task106", LABELS[1], "none").outcome == "wrong"
    assert judged("task106", LABELS[1], "I cannot tell.").outcome == "unparsed"
    assert judged("task106", "none", "None").outcome == "correct"


def test_of_several_references_the_nearest_counts() -> None:
    references = (f"{LABELS[0]}, {LABELS[1]}", LABELS[2])
    assert judged("task106", references, LABELS[2]).outcome == "correct"
    assert sum(judged("task106", references, LABELS[0]).counts[1:]) == 2


def test_none_is_no_label_of_a_task_that_lists_none() -> None:
    """The mean of macro-F1 is over labels; "none." among gold answers is an item without any."""
    rows = [
        {"item_id": str(n), "task_id": "x_parts", "references": [truth], "output": said}
        for n, (truth, said) in enumerate(
            [("heart.", "heart"), ("lung.", "heart"), ("none.", "none"), ("none.", "lung")]
        )
    ]
    metric = {"x_parts": "precision_recall_f1_multilabel_macro"}
    scores = score(answers_table(rows), seed=0, metrics=metric).scores.to_pylist()
    found = {row["metric"]: row["value"] for row in scores if row["scorer"] == "corrected" and row["name"] == "x_parts"}
    # heart: precision 1/2, recall 1; lung: 0
    assert found == pytest.approx({"precision": 25.0, "recall": 50.0, "f1": 100 / 3})
