"""Ranks: nobody is behind inside the noise, a paired test outweighs two overlapping intervals."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from meds_pipeline.reports.ranking import index_pairs, standings

from meds_pipeline.reports import PairedTest, ScoreRow


def row(model: str, value: float | None, low: float | None = None, high: float | None = None) -> ScoreRow:
    return ScoreRow(model, "official", "task", "t", "accuracy", value, low, high, 10, True, "", model)


def ranks(rows: list[ScoreRow], *pairs: PairedTest) -> dict[str, str]:
    return {model: standing.text for model, standing in standings(rows, index_pairs(pairs)).items()}


def test_disjoint_intervals_order_and_overlapping_ones_tie() -> None:
    rows = [row("a", 80, 75, 85), row("b", 78, 72, 84), row("c", 50, 45, 55)]
    assert ranks(rows) == {"a": "1=", "b": "1=", "c": "3"}


def paired(first: str, second: str, adjusted: float, difference: float = 2.0, scorer: str = "official") -> PairedTest:
    """A test whose interval says nothing: only the corrected p value decides."""
    return PairedTest(scorer, "task", "t", "accuracy", first, second, difference, -9, 9, adjusted / 3, adjusted, 10)


def test_the_corrected_p_value_decides_whichever_way_round_the_test_was_made() -> None:
    rows = [row("a", 80, 75, 85), row("b", 78, 72, 84)]
    assert ranks(rows, paired("a", "b", 0.049)) == ranks(rows, paired("b", "a", 0.049, -2.0)) == {"a": "1", "b": "2"}
    assert ranks(rows, paired("a", "b", 0.05)) == {"a": "1=", "b": "1="}


def test_a_paired_test_outweighs_intervals_that_do_not_meet() -> None:
    assert ranks([row("a", 80, 79, 81), row("b", 70, 69, 71)], paired("a", "b", 0.5)) == {"a": "1=", "b": "1="}


def test_a_paired_test_of_another_figure_says_nothing() -> None:
    rows = [row("a", 80, 75, 85), row("b", 78, 72, 84)]
    assert ranks(rows, paired("a", "b", 0.001, scorer="corrected")) == {"a": "1=", "b": "1="}


def test_a_group_is_who_cannot_be_told_from_its_best() -> None:
    rows = [row("a", 80), row("b", 78), row("c", 70)]
    level = paired("b", "c", 0.3)
    assert ranks(rows, paired("a", "b", 0.9), paired("a", "c", 0.01), level) == {"a": "1=", "b": "1=", "c": "3"}


def test_no_value_no_rank() -> None:
    assert ranks([row("a", None), row("b", 1.0)]) == {"b": "1"}


def test_without_intervals_values_decide() -> None:
    assert ranks([row("a", 2.0), row("b", 2.0), row("c", 3.0)]) == {"a": "2=", "b": "2=", "c": "1"}


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 30)), min_size=1, max_size=8))
def test_the_best_value_leads_and_a_better_value_never_ranks_behind(figures: list[tuple[float, float]]) -> None:
    width = max(width for _, width in figures)
    rows = [row(str(place), value, value - width, value + width) for place, (value, _) in enumerate(figures)]
    found = standings(rows, {})
    ordered = sorted(rows, key=lambda one: -(one.value or 0))
    assert found[ordered[0].model].rank == 1
    assert [found[one.model].rank for one in ordered] == sorted(found[one.model].rank for one in ordered)
