"""The scores step: results are known by all they rest on, and subjects are those of their corpus."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from meds_pipeline.core.outputs import Draft, Output
from meds_pipeline.models.stage import PREDICTION
from meds_pipeline.scoring import families, stage
from meds_pipeline.scoring.stage import score_predictions

ITEM = {
    "item_id": "i0", "task_id": "x_a", "corpus": "c", "category": "One", "metric": "bleu1_rougeL",
    "labels": [], "input": "q", "references": ["the one text", "another text"], "subject": "s0",
}  # fmt: skip
PREDICTED = {
    "model": "m", "item_id": "i0", "task_id": "x_a", "output": "the text", "shots": 1, "shot_instance_ids": ["a", "b"],
    "truncated": False, "prompt_digest": "p", "template_digest": "t", "error": None, "cut_off": False,
}  # fmt: skip
OTHERS = [
    (ITEM | {"item_id": f"i{n}", "subject": f"s{n}"}, PREDICTED | {"item_id": f"i{n}", "output": said})
    for n, said in ((1, "the one text"), (2, "none"), (3, "another text"))
]
ITEMS = pa.schema([(name, pa.list_(pa.string()) if name in ("labels", "references") else pa.string()) for name in ITEM])


@dataclass
class Folder:
    """Stands for an output that is read and for a draft that is written."""

    path: Path
    manifest: Any = None
    rows: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def scratch(self) -> Path:
        return self.path

    def file(self, name: str) -> Path:
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        return self.path / name

    def lineage(self, name: str) -> Path:
        return self.file(f"lineage/{name}.parquet")


@dataclass
class Release:
    """Manifest of a release."""

    facts: dict[str, str] = field(default_factory=lambda: {"release": "r"})


def scored(
    folder: Path, pairs: list[tuple[dict[str, Any], dict[str, Any]]], seed: int = 0, language: str = "en"
) -> tuple[dict[str, str], dict[tuple[str, str, str], dict[str, Any]]]:
    """Result digest of each item by the corrected scorer, and the scores by scorer, name and metric."""
    output = Folder(folder, Release())
    pq.write_table(pa.Table.from_pylist([item for item, _ in pairs], ITEMS), output.file("items.parquet"))
    predictions = pa.Table.from_pylist([prediction for _, prediction in pairs], PREDICTION)
    pq.write_table(predictions, output.lineage("prediction"))
    read, draft = cast("Output", output), cast("Draft", output)
    score_predictions("m", read, read, draft, seed=seed, languages=dict.fromkeys(("x_a", "x_b"), language))
    items = pq.read_table(output.lineage("item_score")).to_pylist()
    scores = pq.read_table(output.lineage("score")).to_pylist()
    digests = {row["item_id"]: row["result_digest"] for row in items if row["scorer"] == "corrected"}
    return digests, {(row["scorer"], row["name"], row["metric"]): row for row in scores}


MAIN = ("corrected", "x_a", "rougeL")


@pytest.mark.parametrize(
    ("item", "prediction"),
    [
        ({"input": "z"}, {}),
        ({"references": ["the one text"]}, {}),
        ({"references": ["another text", "the one text"]}, {}),
        ({"corpus": "d"}, {}),
        ({"subject": "other"}, {}),
        ({"subject": None}, {}),
        ({}, {"output": "a text"}),
        ({}, {"output": None, "error": "the text"}),
        ({}, {"error": "e"}),
        ({}, {"cut_off": True}),
        ({}, {"prompt_digest": "x"}),
        ({}, {"template_digest": "x"}),
        ({}, {"shot_instance_ids": ["b", "a"]}),
        ({}, {"shot_instance_ids": []}),
    ],
)
def test_every_ingredient_of_a_result_is_in_its_digest(
    tmp_path: Path, item: dict[str, Any], prediction: dict[str, Any]
) -> None:
    before, scores = scored(tmp_path / "before", [(ITEM, PREDICTED), *OTHERS])
    after, others = scored(tmp_path / "after", [(ITEM | item, PREDICTED | prediction), *OTHERS])
    assert {name for name in before if before[name] != after[name]} == {"i0"}
    assert scores[MAIN]["result_digest"] != others[MAIN]["result_digest"]


def test_the_terms_of_a_task_are_in_the_digests_of_its_items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [(ITEM, PREDICTED), *OTHERS]
    before, _ = scored(tmp_path / "before", pairs)
    metric = [(item | {"metric": "bleu1_rougeL_lowercased"}, said) for item, said in pairs]
    changed = [scored(tmp_path / "metric", metric)[0], scored(tmp_path / "language", pairs, language="fr")[0]]
    with monkeypatch.context() as patched:
        patched.setattr(stage, "trouble", lambda: "no tables")
        changed.append(scored(tmp_path / "punkt", pairs)[0])
    monkeypatch.setitem(families.VERSIONS, "corrected", "x")
    changed.append(scored(tmp_path / "version", pairs)[0])
    assert all(before[name] != after[name] for after in changed for name in before)


def test_labels_read_off_other_items_are_in_the_digest(tmp_path: Path) -> None:
    """A multilabel task without labels has those of all gold answers, so another item's truth can change a result."""
    digests = {}
    for metric in ("precision_recall_f1_multilabel_macro", "accuracy_substring_firstline"):
        item = ITEM | {"metric": metric, "references": ["zinc"]}
        for truth in ("iron", "tin"):
            other = item | {"item_id": "i1", "references": [truth]}
            pairs = [(item, PREDICTED), (other, PREDICTED | {"item_id": "i1"})]
            digests[metric, truth] = scored(tmp_path / metric / truth, pairs)[0]["i0"]
    multilabel, closed = (
        digests[metric, "iron"] == digests[metric, "tin"]
        for metric in ("precision_recall_f1_multilabel_macro", "accuracy_substring_firstline")
    )
    assert (multilabel, closed) == (False, True)


def test_missing_parts_are_told_apart(tmp_path: Path) -> None:
    first, _ = scored(tmp_path / "a", [(ITEM, PREDICTED | {"prompt_digest": None, "template_digest": "p"}), *OTHERS])
    second, _ = scored(tmp_path / "b", [(ITEM, PREDICTED | {"prompt_digest": "p", "template_digest": None}), *OTHERS])
    assert first["i0"] != second["i0"]


def test_what_intervals_depend_on_is_in_the_digests_of_scores_alone(tmp_path: Path) -> None:
    pairs = [(ITEM, PREDICTED), *OTHERS]
    items, scores = scored(tmp_path / "before", pairs)
    same, others = scored(tmp_path / "seed", pairs, seed=1)
    assert items == same
    assert scores[MAIN]["value"] == others[MAIN]["value"]
    assert scores[MAIN]["result_digest"] != others[MAIN]["result_digest"]
    digests = [row["result_digest"] for row in scores.values()]
    assert len(set(digests)) == len(digests)


def test_nothing_depends_on_the_order_of_rows(tmp_path: Path) -> None:
    pairs = [(ITEM, PREDICTED), *OTHERS]
    assert scored(tmp_path / "a", pairs) == scored(tmp_path / "b", pairs[::-1])


def test_subjects_of_two_corpora_are_not_the_same(tmp_path: Path) -> None:
    """Patient 1 here and patient 1 there: as one cluster, opposite results in two tasks would cancel out."""

    def pairs(second: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        rows = []
        for n in range(12):
            for task, corpus, right in (("x_a", "c", n % 2 == 0), ("x_b", second, n % 2 == 1)):
                own = {"item_id": f"{task}{n}", "task_id": task, "subject": str(n), "corpus": corpus}
                said = PREDICTED | {
                    "item_id": f"{task}{n}",
                    "task_id": task,
                    "output": "the one text" if right else "no",
                }
                rows.append((ITEM | own, said))
        return rows

    def width(folder: str, second: str) -> float:
        row = scored(tmp_path / folder, pairs(second))[1]["corrected", "One", "rougeL"]
        return float(row["high"] - row["low"])

    assert width("apart", "d") > 10 * width("together", "c")
