"""What the command line prints of corpora: the table of all, one in full, its bad records, its trial."""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, get_args

from rich.console import Group
from rich.text import Text

from meds_pipeline.cli.show import as_text, columns_at_hand, show_facts, show_unreleased
from meds_pipeline.cli.show_trace import TEXT_LINES, show_tree
from meds_pipeline.core.printable import excerpt, printable
from meds_pipeline.lineage.node import Node
from meds_pipeline.status.corpora import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from meds_pipeline.status.corpora import CorpusStatus
    from meds_pipeline.status.faults import Quarantined
    from meds_pipeline.status.trial import Trial

LISTED = 200
"""Bad records that a list shows; `--json` has all."""
TEXT, JSON_TEXT = 800, 4_000
"""Characters of one text that a trial shows, and that its JSON holds."""
_STYLES = {"missing": "dim", "gated": "dim", "failed": "bold red", "stale": "yellow"}
_COLUMNS = {
    **{"corpus": 0, "state": 0, "access": 150, "licence": 0, "tasks": 150, "records": 100, "faults": 0},
    **{"instances": 0, "rejected": 150, "built": 0},
}
"""Columns of the table of corpora, and how wide a terminal must be to show each."""
_COUNTS = ("tasks", "records", "faults", "instances", "rejected")
_TO_THE_MINUTE = 150
"""From this width on `built` has its time."""
_NAME, _LICENCE = 28, 15
"""Most columns of a name (a longer name gets its own line), and least columns of a licence (a longer one is cut)."""


def show_corpora(statuses: Sequence[CorpusStatus], width: int | None = None) -> str:
    """Return the table of corpora by category of their tasks, the counts of their states, and notes on single corpora.

    Args:
        statuses: Corpora, by category.
        width: Columns that a line may have; None for those of the terminal.
    """
    width = columns_at_hand() if width is None else width
    names = [name for name, least in _COLUMNS.items() if width >= least]
    rows = {standing.corpus: _cells(standing, names, width) for standing in statuses}
    gap = 1 if width < 100 else 2
    widths = {name: max(len(name), *(len(row[name]) for row in rows.values())) for name in names}
    widths["corpus"] = min(widths["corpus"], _NAME)
    others = sum(size + gap for name, size in widths.items() if name != "licence")
    widths["licence"] = min(widths["licence"], max(width - others, _LICENCE))
    lines = [Text(_line({name: name for name in names}, widths, gap), style="bold")]
    for category, group in groupby(statuses, key=lambda standing: standing.category):
        lines.append(Text(category, style="bold"))
        lines += [Text(_line(rows[s.corpus], widths, gap), style=_STYLES.get(s.state, "")) for s in group]
    counts = Counter(standing.state for standing in statuses)
    head = f"{len(statuses)} corpora: " + ", ".join(f"{counts[s]} {s}" for s in get_args(State) if counts[s])
    return "\n".join([as_text(Group(*lines)), head, *map(printable, _notes(statuses, widths["licence"]))])


def _cells(standing: CorpusStatus, names: Sequence[str], width: int) -> dict[str, str]:
    form = standing.distribution
    own = standing.corpus if form in (None, standing.corpus) else f"{standing.corpus} ({form})"
    date = "%Y-%m-%d %H:%M UTC" if width >= _TO_THE_MINUTE else "%Y-%m-%d"
    values = {**asdict(standing), "corpus": own, "tasks": len(standing.tasks)}
    cells = {name: _cell(values[name], date) for name in names}
    if standing.fault_share:
        cells["faults"] += f" ({standing.fault_share:.1%})"
    return cells


def _cell(value: Any, date: str) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime(date)
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else printable(str(value))


def _line(cells: Mapping[str, str], widths: Mapping[str, int], gap: int) -> str:
    name = cells["corpus"]
    above, name = (f"{name}\n", "") if len(name) > widths["corpus"] else ("", name)
    cells = {**cells, "corpus": name, "licence": _shortened(cells["licence"], widths["licence"])}
    padded = (f"{cells[n]:>{w}}" if n in _COUNTS else f"{cells[n]:<{w}}" for n, w in widths.items())
    return above + (" " * gap).join(padded).rstrip()


def _shortened(text: str, width: int) -> str:
    return textwrap.shorten(text, width, placeholder=" ...")


def _notes(statuses: Sequence[CorpusStatus], licence: int) -> Iterator[str]:
    """Yield notes that do not fit the table: why a corpus is not present, which distributions are unused, licences."""
    for s in statuses:
        if s.problem and s.state != "missing":
            yield f"{s.corpus} is {s.state}: {s.problem}"
    several = [s for s in statuses if s.unused]
    for s in several:
        yield f"{s.corpus} is read as {s.distribution}; there too, and not used: {', '.join(s.unused)}"
    for s in several[:1]:
        choice = f"{{{s.corpus}: {s.unused[0]}}}"
        yield f"To use another one, write into the home's meds.yaml, for example: catalog: {{active: {choice}}}"
    for s in statuses:
        if _shortened(s.licence, licence) != s.licence:
            yield f"Licence of {s.corpus}: {s.licence}"
    if unreleased := sorted(task for s in statuses for task in s.unreleased):
        yield show_unreleased(unreleased)


def show_corpus(standing: CorpusStatus) -> str:
    """Return all that is known of one corpus, a line a fact."""
    facts = {name: value for name, value in asdict(standing).items() if value not in (None, ())}
    shown = {n: ", ".join(v) if isinstance(v, tuple) else _cell(v, "%Y-%m-%d %H:%M UTC") for n, v in facts.items()}
    return show_facts(shown)


def show_quarantined(name: str, rows: Sequence[Quarantined], share: float, refusal: str | None) -> str:
    """Return the bad records and empty rows of a corpus, a line each.

    Args:
        name: The corpus.
        rows: What is set aside.
        share: Share of the bytes read that the bad records cover.
        refusal: Why the corpus is not used at all; None if it is used.
    """
    end = f"{name} is not used: {printable(refusal)}" if refusal else "Good records went on."
    if not rows:
        return f"{name} has no bad records." + (f"\n{end}" if refusal else "")
    lines = [_quarantined(row) for row in rows[:LISTED]]
    if len(rows) > LISTED:
        lines.append(f"... {len(rows) - LISTED:,} more: --json lists all")
    empty = sum(row.task is not None for row in rows)
    covering = f" covering {share:.1%} of the bytes" if share else ""
    lines.append(f"{len(rows) - empty:,} bad records{covering} and {empty:,} empty rows in {name}. {end}")
    return "\n".join(lines)


def _quarantined(row: Quarantined) -> str:
    task = f" for {row.task}" if row.task else ""
    place = f"{row.path} record {row.record_index} (byte {row.start}, {row.length} bytes){task}"
    return printable(f"{place}: {row.reason}: {row.detail}").replace("\n", " ")


def show_trial(trial: Trial) -> str:
    """Return what `meds corpus check` found: counts, then each task with its first instances beside their records."""
    rows = trial.rows
    head = f"{trial.corpus}: {rows['files']} files, {rows['records']} records, {rows['faults']} faults, "
    node = Node("corpus", head + f"{trial.rejected} rows without input or output", dict(trial.verdicts))
    for entry in trial.entries:
        facts = {"records": entry.records, "in no instance": entry.unused}
        node.children.append(Node("entry", entry.entry, facts))
    for task in trial.tasks:
        child = Node("task", task.task_id, {"splits": task.splits, "answers": task.answers})
        for number, shown in enumerate(task.first, 1):
            instance = Node("instance", str(number), {"split": shown.split, "subject": shown.subject})
            texts = [("record", text) for text in shown.records] + [("input", shown.input)]
            texts += [("output", text) for text in shown.outputs]
            instance.children = [Node(kind, "", text=excerpt(text, TEXT, TEXT_LINES)) for kind, text in texts]
            child.children.append(instance)
        node.children.append(child)
    said = [f"A run would block it: {why}" for why in trial.refused] + [f"Warning: {why}" for why in trial.warnings]
    if trial.erroneous:
        rules = ", ".join(f"{rule} {count}" for rule, count in trial.errors.items())
        share = f"{trial.erroneous} of {trial.instances} instances"
        said.append(f"{share} have errors and would be left out of training and releases: {rules}.")
    aside = [_quarantined(row) for row in trial.set_aside]
    return show_tree(node) + "\n".join([*aside, *(said or ["Its suites find nothing wrong."])])


def trial_facts(trial: Trial) -> dict[str, Any]:
    """Return what `meds corpus check --json` prints: the trial, long texts cut."""

    def cut(value: Any) -> Any:
        if isinstance(value, str):
            return excerpt(value, JSON_TEXT)
        if isinstance(value, list | tuple):
            return [cut(part) for part in value]
        return {key: cut(part) for key, part in value.items()} if isinstance(value, dict) else value

    facts: dict[str, Any] = cut(asdict(trial))
    return facts
