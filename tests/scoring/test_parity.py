"""Official figures against what upstream's scripts printed for the same files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from meds_pipeline.scoring.engine import score
from meds_pipeline.scoring.table import Scored, answers_table

SHARED = Path(__file__).parents[2] / "../shared"
PARITY = SHARED / "parity"
PUBLISHED = {
    "task51": (51.50, 35.35),
    "task52": (48.63, 38.22),
    "task53": (47.69, 39.24),
    "task54": (53.31, 36.83),
    "task55": (34.91, 23.71),
    "task56": (47.14, 36.42),
    "Rationale": (47.20, 34.96),
}

pytestmark = pytest.mark.skipif(not PARITY.exists(), reason="no shared/parity beside the checkout")


def scored(file: str) -> Scored:
    with (PARITY / file).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    answers = (
        {
            "item_id": str(i),
            "task_id": r["task_id"],
            "input": r["input"],
            "references": [r["GT"]],
            "output": r["output"],
        }
        for i, r in enumerate(rows)
    )
    return score(answers_table(answers), ("official",), replicates=0, processes=1)  # Punkt may be hidden in this one


def expected() -> list[tuple[str, str, float]]:
    """(name, metric, percent) of every figure in the file."""
    figures: list[tuple[str, str, float]] = []
    content: dict[str, dict[str, Any]] = json.loads((PARITY / "expected.json").read_text())["scores"]
    for family, values in content.items():
        for name, value in values.items():
            if family == "text_classification":
                figures.append(("task106", name.removesuffix("_score"), value))
            elif isinstance(value, list):
                figures += [(name, "bleu1", value[0]), (name, "rougeL", value[1])]
            else:
                figures.append((name, "f1" if family == "named_entity_recognition" else "accuracy", value))
    return figures


@pytest.mark.usefixtures("english_punkt")
def test_official_equals_every_figure_of_the_parity_file() -> None:
    result = scored("submission.csv")
    figures = {(r["name"], r["metric"]): r["value"] for r in result.scores.to_pylist()}
    off = [(n, m, v, figures.get((n, m))) for n, m, v in expected() if abs(figures.get((n, m), 1e9) - v) > 1e-9]
    assert off == []
    assert len(expected()) == 67


@pytest.mark.usefixtures("english_punkt")
def test_official_equals_the_published_rationales() -> None:
    result = scored("published_rationale_MMedS-Llama3.csv")
    for name, (bleu, rouge) in PUBLISHED.items():
        assert result.value("official", name, "bleu1") == pytest.approx(bleu, abs=0.005)
        assert result.value("official", name, "rougeL") == pytest.approx(rouge, abs=0.005)


@pytest.mark.usefixtures("no_punkt")
def test_without_punkt_bleu_moves_and_says_so() -> None:
    rows = scored("published_rationale_MMedS-Llama3.csv").scores.to_pylist()
    by_name = {(r["name"], r["metric"]): r for r in rows}
    for name, bleu in (("task52", 46.44), ("task53", 45.73), ("task55", 32.04), ("task56", 45.24)):
        row = by_name[name, "bleu1"]
        assert row["value"] == pytest.approx(bleu, abs=0.005)
        assert not row["comparable"]
        assert "Punkt" in row["note"]
        assert by_name[name, "rougeL"]["comparable"]
    assert by_name["task51", "bleu1"]["comparable"]
    assert not by_name["Rationale", "bleu1"]["comparable"]
