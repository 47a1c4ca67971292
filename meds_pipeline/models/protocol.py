"""Few-shot protocols: which worked cases stand before an item.

`sound` shows the examples frozen in the release. They are drawn by its seed from the training split; none is the item
itself, shares a text with the test split or has a subject of the test split. `official` is MedS-Bench's protocol: three
cases drawn from the tested file (here: the items of the task), so an item may be shown its own answer. Upstream draws
without a seed; here the seed of the release makes the draw repeatable. Both protocols ask choice questions without
cases, as MedS-Bench does.
"""

from __future__ import annotations

import hashlib
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pyarrow.parquet as pq

from meds_pipeline.benchmark.access import access_of_items
from meds_pipeline.instructions.prompts import render
from meds_pipeline.models.base import Prompt
from meds_pipeline.scoring.submission.rows import write_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from meds_pipeline.core.outputs import Access, Output

Protocol = Literal["sound", "official"]
ZERO_SHOT = frozenset({"accuracy_choice", "accuracy_yes_no_firstchar"})
"""Metrics of choice questions: MedS-Bench's category MCQA."""
OFFICIAL_SHOTS = 3
_COLUMNS = ["item_id", "task_id", "instance_id", "metric", "definition", "input", "references", "shots"]


def prompts_of(release: Output, protocol: Protocol = "sound") -> list[Prompt]:
    """Return the prompt of every item of a release, ordered by task and place in the release."""
    rows = pq.read_table(release.file("items.parquet"), columns=_COLUMNS).to_pylist()
    seed = pq.read_table(release.file("lineage/benchmark_release.parquet"))["seed"][0].as_py()
    prompts = []
    for task_id, group in groupby(rows, key=lambda row: row["task_id"]):
        tested = list(group)
        for row in tested:
            shots = [] if row["metric"] in ZERO_SHOT else _shown(row, tested, protocol, seed)
            prompts.append(
                Prompt(
                    row["item_id"],
                    task_id,
                    row["definition"],
                    tuple((shot["input"], shot["output"]) for shot in shots),
                    row["input"],
                    tuple(shot["instance_id"] for shot in shots),
                )
            )
    return prompts


def _shown(
    row: dict[str, Any], tested: Sequence[dict[str, Any]], protocol: Protocol, seed: str
) -> Sequence[dict[str, Any]]:
    if protocol == "sound":
        shots: list[dict[str, Any]] = row["shots"]
        return shots
    drawn = (tested[i] for i in draw(OFFICIAL_SHOTS, len(tested), f"{seed}:{row['item_id']}"))
    return [{**shot, "output": shot["references"][0]} for shot in drawn]


def draw(count: int, size: int, key: str) -> list[int]:
    """Return `count` distinct numbers below `size` (all, if `size` is less), in an order that only `key` decides.

    Over all keys every ordered choice is equally likely, up to the bias of a 128-bit remainder.
    """
    left: dict[int, int] = {}  # a shuffle from the end that stops after `count` swaps
    chosen = []
    for last in range(size - 1, size - 1 - min(count, size), -1):
        digest = hashlib.md5(f"{key}:{last}".encode(), usedforsecurity=False).digest()
        at = int.from_bytes(digest, "big") % (last + 1)
        chosen.append(left.get(at, at))
        left[at] = left.get(last, last)
    return chosen


class WrittenItems(NamedTuple):
    """How many items a file has, how many of them are credentialed, and how many credentialed items were left out."""

    items: int
    credentialed: int
    left_out: int


def write_items(
    release: Output,
    protocol: Protocol,
    path: Path,
    *,
    access: Mapping[str, Access],
    answers: bool = False,
    credentialed: bool = False,
) -> WrittenItems:
    """Write the items of a release as a submission file without outputs, each with its prompt.

    Columns: item_id, task_id, input, output (empty), system and user (the two messages of the prompt).

    Args:
        release: The release.
        protocol: Which worked cases the prompts show.
        path: The file; if it has credentialed items, only its owner may read it.
        access: Access class of every task's corpus as the catalog has it now.
        answers: Whether to write the column GT too, with the first reference answer.
        credentialed: Whether to write credentialed items too.

    Raises:
        ScoringError: The file's ending is not .csv, .jsonl or .parquet.
    """
    rows = pq.read_table(release.file("items.parquet"), columns=["item_id", "references"]).to_pylist()
    by_id = {row["item_id"]: row for row in rows}
    items = access_of_items(release, access).items()
    closed = {item_id for item_id, item in items if item.access == "credentialed"}
    found = []
    for prompt in prompts_of(release, protocol):
        if prompt.item_id in closed and not credentialed:
            continue
        system, user = render(prompt.definition, prompt.shots, prompt.query)
        item = {"item_id": prompt.item_id, "task_id": prompt.task_id, "input": prompt.query}
        truth = {"GT": by_id[prompt.item_id]["references"][0]} if answers else {}
        found.append({**item, **truth, "output": "", "system": system["content"], "user": user["content"]})
    write_rows(found, path, private=credentialed and bool(closed))
    return WrittenItems(len(found), len(closed) if credentialed else 0, 0 if credentialed else len(closed))
