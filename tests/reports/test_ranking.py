"""Ranks: nobody is behind inside the noise, a comparison outweighs two overlapping intervals."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meds_pipeline.reports.board.model import ScoreRow
from meds_pipeline.reports.board.ranking import ranked_groups
from meds_pipeline.scoring.stats.compare import Comparison


def row(model: str, value: float | None, low: float | None = None, high: float | None = None) -> ScoreRow:
    return ScoreRow(model, "official", "task", "t", "accuracy", value, low, high, 10, True, "", model)


def ranks(rows: list[ScoreRow], *comparisons: Comparison) -> dict[str, str]:
    return {model: group.rank.text for group in ranked_groups(rows, comparisons) for model in group.models}


def test_disjoint_intervals_order_and_overlapping_ones_tie() -> None:
    rows = [row("a", 80, 75, 85), row("b", 78, 72, 84), row("c", 50, 45, 55)]
    assert ranks(rows) == {"a": "1=", "b": "1=", "c": "3"}


def compared(first: str, second: str, adjusted: float, difference: float = 2.0) -> Comparison:
    """Its interval says nothing: only the corrected p value decides."""
    return Comparison("official", "task", "t", "accuracy", first, second, difference, -9, 9, adjusted / 3, adjusted, 10)


def test_the_corrected_p_value_decides_whichever_way_round_the_models_stand() -> None:
    rows = [row("a", 80, 75, 85), row("b", 78, 72, 84)]
    assert (
        ranks(rows, compared("a", "b", 0.049)) == ranks(rows, compared("b", "a", 0.049, -2.0)) == {"a": "1", "b": "2"}
    )
    assert ranks(rows, compared("a", "b", 0.05)) == {"a": "1=", "b": "1="}


def test_a_comparison_outweighs_intervals_that_do_not_meet() -> None:
    assert ranks([row("a", 80, 79, 81), row("b", 70, 69, 71)], compared("a", "b", 0.5)) == {"a": "1=", "b": "1="}


def test_a_group_is_who_cannot_be_told_from_its_best() -> None:
    rows = [row("a", 80), row("b", 78), row("c", 70)]
    level = compared("b", "c", 0.3)
    assert ranks(rows, compared("a", "b", 0.9), compared("a", "c", 0.01), level) == {"a": "1=", "b": "1=", "c": "3"}


def test_no_value_no_rank() -> None:
    assert ranks([row("a", None), row("b", 1.0)]) == {"b": "1"}


def test_without_intervals_values_decide() -> None:
    assert ranks([row("a", 2.0), row("b", 2.0), row("c", 3.0)]) == {"a": "2=", "b": "2=", "c": "1"}


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 30)), min_size=1, max_size=8))
def test_the_best_value_leads_and_a_better_value_never_ranks_behind(figures: list[tuple[float, float]]) -> None:
    width = max(width for _, width in figures)
    rows = [row(str(place), value, value - width, value + width) for place, (value, _) in enumerate(figures)]
    places = {model: group.rank.place for group in ranked_groups(rows, []) for model in group.models}
    ordered = [one.model for one in sorted(rows, key=lambda one: -(one.value or 0))]
    assert places[ordered[0]] == 1
    assert [places[model] for model in ordered] == sorted(places[model] for model in ordered)
