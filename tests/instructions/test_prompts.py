from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds_pipeline.core.errors import ModelError
from meds_pipeline.instructions.prompts import LEARN, fit, render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meds_pipeline.instructions.prompts import Message


def count(messages: Sequence[Message]) -> int:
    """One token a character: limits are then easy to follow."""
    return sum(len(message["content"]) for message in messages)


def test_few_shot_layout_is_the_protocol() -> None:
    system, user = render("Say yes or no.", [("a", "yes"), ("b", "no")], "c")
    assert system == {
        "role": "system",
        "content": "Input:\na\n\nOutput:\nyes\n\n\nInput:\nb\n\nOutput:\nno\n\n\nSay yes or no." + LEARN,
    }
    assert user == {"role": "user", "content": "Input:\nc\nOutput:\n"}


def test_without_shots_the_definition_and_the_input_stand_alone() -> None:
    assert [message["content"] for message in render("Say yes or no.", [], "c")] == ["Say yes or no.", "c"]


def test_a_prompt_that_fits_stays_whole() -> None:
    messages = render("D", [("a", "b")], "q")
    fitted = fit("D", [("a", "b")], "q", limit=count(messages), count=count)
    assert (fitted.messages, fitted.shots, fitted.truncated) == (messages, 1, False)


def test_shots_go_first_from_the_first_one_on() -> None:
    shots = [("first", "1"), ("second", "2"), ("third", "3")]
    limit = count(render("D", shots[1:], "q"))
    fitted = fit("D", shots, "q", limit=limit, count=count)
    assert (fitted.messages, fitted.shots, fitted.truncated) == (render("D", shots[1:], "q"), 2, True)


def test_a_question_too_long_loses_its_beginning() -> None:
    fitted = fit("D", [("a", "b")], "0123456789", limit=count(render("D", [], "")) + 4, count=count)
    assert (fitted.messages, fitted.shots, fitted.truncated) == (render("D", [], "6789"), 0, True)


def test_a_definition_too_long_is_an_error() -> None:
    with pytest.raises(ModelError, match="definition alone"):
        fit("a long definition", [], "q", limit=10, count=count)


@given(
    st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=4),
    st.text(max_size=50),
    st.integers(20, 250),
)
def test_what_is_fitted_is_within_the_limit_and_keeps_the_end_of_the_question(
    shots: list[tuple[str, str]], query: str, limit: int
) -> None:
    fitted = fit("D", shots, query, limit=limit, count=count)
    assert count(fitted.messages) <= limit
    kept = fitted.messages[1]["content"]
    if fitted.shots:
        kept = kept.removeprefix("Input:\n").removesuffix("\nOutput:\n")
    assert query.endswith(kept)
    assert fitted.truncated == (fitted.shots < len(shots) or kept != query)
    assert kept == query or fitted.shots == 0
    assert fitted.messages == render("D", shots[len(shots) - fitted.shots :], kept)
