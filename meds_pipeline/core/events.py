"""What a run does, output by output: events while it goes on, a summary at its end.

The code that runs steps sends events to the listener of the current context, if there is one. Long steps report their
progress.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["built", "unchanged", "failed", "refused", "not run"]
"""`refused`: made, but a blocking check says it must not be used. `not run`: an output that it reads failed."""
GOOD: frozenset[State] = frozenset({"built", "unchanged"})
BAD: frozenset[State] = frozenset({"failed", "refused"})


@dataclass(frozen=True, slots=True)
class Started:
    """A step has begun."""

    asset: str
    partition: str


@dataclass(frozen=True, slots=True)
class Working:
    """How far a step has come."""

    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What became of one output.

    Attributes:
        asset: Asset it belongs to.
        partition: Partition it belongs to.
        state: How it ended.
        seconds: How long the step took in this run.
        rows: Rows of its main table, where it has one.
        problem: Why it failed or was refused, and the next step.
    """

    asset: str
    partition: str
    state: State
    seconds: float = 0.0
    rows: int | None = None
    problem: str = ""


Event = Started | Working | StepOutcome
Listener = Callable[[Event], None]


def bad(outcomes: Iterable[StepOutcome]) -> tuple[StepOutcome, ...]:
    """Return the outcomes that failed or were refused; if there are none, the first outcome that could not run."""
    gone = [outcome for outcome in outcomes if outcome.state not in GOOD]
    return tuple(outcome for outcome in gone if outcome.state in BAD) or tuple(gone[:1])


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What `meds run` did.

    Attributes:
        run_ids: Its runs in the Dagster instance of the home; empty if nothing had to be made.
        seconds: Wall time.
        outcomes: One for each (asset, partition), in the order they ended.
        problem: What stopped the whole run; empty if it was not stopped.
    """

    run_ids: tuple[str, ...]
    seconds: float
    outcomes: tuple[StepOutcome, ...]
    problem: str = ""

    @property
    def bad(self) -> tuple[StepOutcome, ...]:
        """The bad outcomes, see the function `bad`."""
        return bad(self.outcomes)

    @property
    def ok(self) -> bool:
        """Whether all that was asked for was done."""
        return not self.problem and all(outcome.state in GOOD for outcome in self.outcomes)

    def to_json(self) -> dict[str, Any]:
        """Return the summary as JSON-able data."""
        return {**asdict(self), "ok": self.ok}


_listener: ContextVar[Listener | None] = ContextVar("outcome_listener", default=None)


def tell(event: Event) -> None:
    """Tell the listener, if there is one."""
    listener = _listener.get()
    if listener is not None:
        listener(event)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send events to `listener` within the block."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def report(what: str, done: int, total: int) -> None:
    """Tell how far a step has come."""
    tell(Working(what, done, total))


def quiet_transformers() -> None:
    """Turn off the progress bars of transformers, which would disturb what the listener shows."""
    from transformers.utils import logging

    logging.disable_progress_bar()
