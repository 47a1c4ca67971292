"""Near duplicates: what is found is near, and what is the same is found."""

from __future__ import annotations

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from meds_pipeline.quality.near import NearPair, groups, near_pairs, shingles

WORDS = st.lists(
    st.sampled_from(["heart", "lung", "liver", "acute", "chronic", "pain", "fever", "dose"]), min_size=1, max_size=40
)
TEXTS = st.lists(WORDS.map(" ".join), min_size=1, max_size=12)


def jaccard(one: str, other: str) -> float:
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b)


def found(texts: list[str], threshold: float = 0.8, first: int | None = None) -> list[NearPair]:
    with duckdb.connect() as con:
        return near_pairs(con, texts, threshold=threshold, first=first)


@settings(deadline=None)
@given(TEXTS)
def test_pairs_are_as_near_as_asked_and_equal_texts_are_pairs(texts: list[str]) -> None:
    pairs = {(pair.left, pair.right): pair.similarity for pair in found(texts)}
    for (left, right), similarity in pairs.items():
        assert left < right
        assert similarity == jaccard(texts[left], texts[right]) >= 0.8
    same = {(i, j) for j in range(len(texts)) for i in range(j) if texts[i] == texts[j]}
    assert same <= set(pairs)


def test_case_and_spaces_do_not_matter() -> None:
    assert found(["Acute pain  after the dose", "acute PAIN after\nthe dose"]) == [NearPair(0, 1, 1.0)]


def test_one_word_changed_in_a_long_text_is_near() -> None:
    words = [f"word{n}" for n in range(100)]
    changed = [*words[:50], "other", *words[51:]]
    assert [(p.left, p.right) for p in found([" ".join(words), "something else entirely", " ".join(changed)])] == [
        (0, 2)
    ]


def test_with_a_first_part_only_pairs_across_it_are_given() -> None:
    assert [(p.left, p.right) for p in found(["a b c d e f"] * 4, first=2)] == [(0, 2), (0, 3), (1, 2), (1, 3)]


def test_groups_are_named_by_their_first_member() -> None:
    assert groups([NearPair(1, 4, 0.9), NearPair(4, 6, 0.9), NearPair(2, 3, 1.0)]) == {1: 1, 4: 1, 6: 1, 2: 2, 3: 2}
