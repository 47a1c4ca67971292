"""Problems that rows of a submission can have; no row is dropped silently."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

_NAMED = 5

MESSAGES = {
    "broken_row": "rows that cannot be read (a line that is no JSON object, a quote that is never closed: nothing "
    "behind it in the file can be read); not scored",
    "long_row": "rows with more cells than columns (a comma or quote that is not quoted); not scored: pandas "
    "leaves them out or gives up",
    "not_utf8": "rows with bytes that are not UTF-8; not scored: convert the file to UTF-8",
    "swallowed_row": "rows with a line that looks like a row of its own: a lost quote may have swallowed it; scored as "
    "they stand, as pandas reads them",
    "unknown_task": "rows of tasks without a metric; not scored",
    "duplicate_id": "rows whose id came before; only the first is scored",
    "duplicate_row": "rows whose task, input and GT came before; scored as items of their own, as upstream does",
    "missing_output": "predictions that are missing: an empty or absent cell, or a word pandas takes as missing (NaN, "
    "None, NA)",
    "blank_output": "predictions of blanks only",
    "missing_truth": "rows whose GT is empty or a word pandas takes as missing; official treats it as upstream does, "
    "corrected gives an empty GT no credit",
    "blank_truth": "rows whose GT is blanks and full stops; official finds it in any text where upstream looks for the "
    "GT in the prediction, corrected gives no credit",
    "lost_text": "rows with U+FFFD, which stands where text was lost before; scored as they stand",
    "answered_again": "rows for an item that an earlier row answers; not scored",
    "no_item": "rows that no item of the release has, by id or by task, input and GT; not scored",
    "unanswered": "items without a row, of tasks that other rows answer; scored as errors",
}
"""What each kind of problem means, for the reader of the report."""


@dataclass(slots=True)
class Problems:
    """Counts of problems, with the first places of each."""

    counts: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, place: str) -> None:
        """Note one problem."""
        self.counts[kind] += 1
        if len(self.places[kind]) < _NAMED:
            self.places[kind].append(place)

    def rows(self) -> list[dict[str, Any]]:
        """One dict per kind: kind, count, meaning, first places."""
        return [
            {"kind": kind, "count": self.counts[kind], "meaning": text, "first": self.places[kind]}
            for kind, text in MESSAGES.items()
            if self.counts[kind]
        ]
