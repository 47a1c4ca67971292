"""BLEU-1 and ROUGE against the packages that define them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meds_pipeline.scoring.corrected import overlap as corrected
from meds_pipeline.scoring.tokens import overlap

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f"]), max_size=15)


def random_text(rnd: random.Random, letters: str) -> str:
    return "".join(rnd.choice([*letters, "."]) + rnd.choice([" ", " ", "", "\n"]) for _ in range(rnd.randint(0, 25)))


def test_rouge_l_equals_the_rouge_package_whose_ties_are_many() -> None:
    theirs = pytest.importorskip("rouge").Rouge()
    rnd = random.Random(3)  # noqa: S311 (test data)
    for _ in range(4000):
        letters = rnd.choice(["ab", "abcd", "abcdefghij"])
        said, truth = random_text(rnd, letters), random_text(rnd, letters)
        try:
            expected = theirs.get_scores(said, truth)[0]["rouge-l"]["f"]
        except ValueError:
            expected = None
        assert overlap.rouge_package_l(said, truth) == expected, (said, truth)


@pytest.mark.parametrize(
    ("said", "truth", "words"),
    [
        ("b a", "a b", 1),  # order counts
        ("a. b", "a b", 2),  # the union over sentences does not
        ("a a a", "a", 1),  # words count once
    ],
)
def test_rouge_l_golden(said: str, truth: str, words: int) -> None:
    distinct = len(set(said.replace(".", "").split())), len(set(truth.split()))
    precision, recall = words / distinct[0], words / distinct[1]
    assert overlap.rouge_package_l(said, truth) == pytest.approx(
        2 * precision * recall / (precision + recall), abs=1e-7
    )


def test_texts_of_full_stops_have_no_rouge() -> None:
    assert overlap.rouge_package_l("...", "a") is None
    assert overlap.rouge_package_l("a", "") is None
    assert overlap.rouge_package_l(" ", "a") == 0.0


@settings(max_examples=300, deadline=None)
@given(WORDS, WORDS)
def test_bleu1_equals_nltk(said: list[str], truth: list[str]) -> None:
    bleu = pytest.importorskip("nltk.translate.bleu_score")
    smooth = bleu.SmoothingFunction().method1
    assert overlap.bleu1(said, truth) == bleu.sentence_bleu([truth], said, (1, 0, 0, 0), smooth)


@settings(max_examples=200, deadline=None)
@given(WORDS, WORDS)
def test_true_rouge_equals_rouge_score(said: list[str], truth: list[str]) -> None:
    package = pytest.importorskip("rouge_score.rouge_scorer")
    theirs = package.RougeScorer(["rouge1", "rouge2", "rougeL"]).score(" ".join(truth), " ".join(said))
    assert corrected.rouge_n(said, truth, 1) == pytest.approx(theirs["rouge1"].fmeasure)
    assert corrected.rouge_n(said, truth, 2) == pytest.approx(theirs["rouge2"].fmeasure)
    assert corrected.rouge_l(said, truth) == pytest.approx(theirs["rougeL"].fmeasure)


def test_rouge_words_are_those_of_rouge_score() -> None:
    tokenize = pytest.importorskip("rouge_score.tokenize").tokenize
    text = "The BRCA-1 gene's 3.5% (p<0.05), naïve_T cells\nand IL-6."
    assert corrected.rouge_words(text, "en", []) == tokenize(text, None)
    assert corrected.rouge_words("Élève naïf, n°5", "fr", []) == ["élève", "naïf", "n", "5"]
    assert corrected.rouge_words("", "zh", ["心", "，", "肌"]) == ["心", "肌"]


@given(WORDS, WORDS)
def test_ranges_and_perfect_match(said: list[str], truth: list[str]) -> None:
    text, gold = " ".join(said), " ".join(truth)
    assert 0.0 <= overlap.bleu1(said, truth) <= 1.0
    assert 0.0 <= (overlap.rouge_package_l(text, gold) or 0.0) <= 1.0
    if truth:
        assert overlap.bleu1(truth, truth) == corrected.rouge_l(truth, truth) == 1.0
        assert overlap.rouge_package_l(gold, gold) == pytest.approx(1.0, abs=1e-7)
