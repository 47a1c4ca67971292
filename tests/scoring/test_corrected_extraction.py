"""Spans and forms under the corrected scorer."""

from __future__ import annotations

import pytest
from golden import cases, judged
from meds_pipeline.scoring.corrected.passage import copies, passage

from meds_pipeline.scoring.corrected.extraction import parts


@pytest.mark.parametrize(("task", "question", "truth", "output", "outcome"), cases("extraction"))
def test_golden_answers(task: str, question: str, truth: str, output: str, outcome: str) -> None:
    assert judged(task, truth, output, question).outcome == outcome


def test_parts_of_a_gold_answer() -> None:
    assert parts("ASD boys, ADHD boys") == ["asd boys", "adhd boys"]
    assert parts("vitamin C (500 mg, twice daily); placebo") == ["vitamin c (500 mg, twice daily)", "placebo"]
    assert parts("vitamin C (500 mg") == ["vitamin c (500 mg"]  # some published ones are cut


def test_any_reference_may_be_the_answer() -> None:
    references = ("5 mg", "two tablets")
    assert judged("task29", references, "Two tablets.").outcome == "correct"
    assert judged("task29", references, "5mg").outcome == "correct"
    assert judged("task29", references, "6 mg").outcome == "wrong"


def test_the_passage_is_the_input_without_its_frame() -> None:
    assert passage("Input:\nthe text\nOutput:\n") == "the text"
    assert passage("Input:\na case\nOutput:\nx\n\nInput:\nthe text\nOutput:\n") == "the text"
    assert passage("the text") == "the text"


def test_a_copy_holds_two_fifths_of_the_passage_and_much_more_than_the_truth() -> None:
    words = [f"word{place}" for place in range(50)]
    text = " ".join(words)
    assert copies(" ".join(words[:25]), text, "word3 word4")
    assert not copies(" ".join(words[:15]), text, "word3 word4")
    assert not copies(" ".join(words[:25]), text, " ".join(words[:20]))
    assert not copies(text, " ".join(words[:15]), "word3")  # short passages are hardly more than their spans
