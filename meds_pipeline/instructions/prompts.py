r"""Few-shot prompts: how a definition, worked cases and a question become chat messages.

The layout is the few-shot protocol of MedS-Bench (`Evaluation/EvalDataset.py` there): every case is
`Input:\n{x}\n\nOutput:\n{y}\n` and two newlines; the definition follows, and a sentence that asks to learn from the
cases follows the definition with nothing in between. All of that is the system message; the user message is
`Input:\n{x}\nOutput:\n`. Without cases the system message is the definition, and the user message the input as it is.
Training samples and benchmark items are rendered here alike, so a model meets at evaluation the layout it was trained
on.

What differs from upstream, on purpose: the closing sentence is in our own words, and upstream cuts an over-long prompt
on the right, which removes the question. Here cases go first, and a question too long by itself loses its beginning
(`fit`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict

from meds_pipeline.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Role = Literal["system", "user", "assistant"]

# Our own words for the protocol's closing sentence. It follows the definition directly, so it starts with a blank.
LEARN = " The cases above show what is wanted: learn from them and answer the next input the same way."


class Message(TypedDict):
    """One chat message, as transformers, OpenAI-compatible servers and `samples.parquet` spell it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Fitted:
    """A prompt that fits a context.

    Attributes:
        messages: System and user message.
        shots: How many shots stayed.
        truncated: Whether anything was left out.
    """

    messages: list[Message]
    shots: int
    truncated: bool


def render(definition: str, shots: Sequence[tuple[str, str]], query: str) -> list[Message]:
    """Render a prompt.

    Args:
        definition: What the task asks for.
        shots: Worked cases (input, output), in the order they are shown; may be empty.
        query: The input to answer.

    Returns:
        The system message and the user message.
    """
    if not shots:
        return [{"role": "system", "content": definition}, {"role": "user", "content": query}]
    cases = "".join(f"Input:\n{x}\n\nOutput:\n{y}\n\n\n" for x, y in shots)
    return [
        {"role": "system", "content": f"{cases}{definition}{LEARN}"},
        {"role": "user", "content": f"Input:\n{query}\nOutput:\n"},
    ]


def fit(
    definition: str,
    shots: Sequence[tuple[str, str]],
    query: str,
    *,
    limit: int,
    count: Callable[[Sequence[Message]], int],
) -> Fitted:
    """Render the largest prompt that has at most `limit` tokens.

    Shots are dropped from the first one on. If the question alone is too long, it keeps the longest end that fits; the
    definition always stays whole.

    Args:
        definition: What the task asks for.
        shots: Worked cases, in the order they are shown.
        query: The input to answer.
        limit: Tokens the prompt may have (the context less the room for the answer).
        count: Tokens of rendered messages, generation prompt included.

    Raises:
        ModelError: The definition alone is over the limit.
    """
    for first in range(len(shots) + 1):
        messages = render(definition, shots[first:], query)
        if count(messages) <= limit:
            return Fitted(messages, len(shots) - first, first > 0)
    if (empty := count(render(definition, (), ""))) > limit:
        raise ModelError(
            f"The definition alone takes {empty} tokens and the prompt may have {limit}.",
            next_step="Use a model with a longer context, or a smaller max_new_tokens.",
        )
    keep = _longest(len(query), lambda n: count(render(definition, (), query[len(query) - n :])) <= limit)
    return Fitted(render(definition, (), query[len(query) - keep :]), 0, True)


def _longest(upper: int, fits: Callable[[int], bool]) -> int:
    """The largest n in 0..upper that fits, by bisection; 0 is known to fit."""
    low, high = 0, upper
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
