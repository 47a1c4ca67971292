"""What the command line prints of a trace: the answer in words, then the tree it rests on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.tree import Tree

from meds_pipeline.cli.show import as_text, safe
from meds_pipeline.core.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meds_pipeline.lineage.node import Node

TEXT_LINES = 12
"""Lines of a raw text that a tree shows; `--json` has all of it."""
FILES = 12
"""Raw files of a model that a tree shows."""
_OF_A_CORPUS = ("raw_corpus", "instances", "verdicts")
_DIGESTS = ("sha256", "fingerprint", "digest", "stands_on", "step_version", "spec")


def show_trace(node: Node, *, full: bool = False) -> str:
    """Return a trace: what it found in words, then the tree; with `full` all outputs, files and digests."""
    more = "" if full else "Digests, and every output and file: --full\n"
    return f"{printable(_words(node))}\n\n{show_tree(node, full=full)}{more}"


def show_tree(node: Node, *, full: bool = True) -> str:
    """Return a tree of nodes, indented."""
    return as_text(_branch(node, Tree(""), full=full).children[0])


def _words(node: Node) -> str:
    facts = node.facts
    match node.kind:
        case "score":
            lines = [
                f"{facts['model']} has {_value(facts)} in {facts['metric']} on {facts['name']}, by the "
                f"{facts['scorer']} scorer, over {facts['n']} items of the release {facts['release']}."
            ]
            if not facts["comparable"]:
                lines.append(f"It is not comparable with published figures: {facts['note']}.")
            (model, *items) = node.children
            lines += [_of_model(model), f"Below: {len(items)} of these items, those first that count most against it."]
            return "\n".join(lines)
        case "model":
            return _of_model(node)
        case "item":
            lines = [
                f"Item {node.name[:12]} of {facts['task_id']}, release {facts['release']}, was made from {_made(node)}."
            ]
            lines += ["Its source has changed since the release was frozen."] if facts["flagged"] else []
            return "\n".join([*lines, *map(_of_answer, _children(node, "prediction"))])
        case _:
            steps = [step for place in _children(node, "sequence") for step in place.facts["consumed_at_steps"] or ()]
            seen = (
                f"It was trained on at step {', '.join(map(str, steps))}." if steps else "No model was trained on it."
            )
            return f"A sample of {facts['task_id']} for plan {facts['plan']}, made from {_made(node)}.\n{seen}"


def _value(facts: dict[str, Any]) -> str:
    if facts["value"] is None:
        return "no figure"
    spread = "" if facts["low"] is None else f" (95 % interval {facts['low']:.1f} to {facts['high']:.1f})"
    return f"{facts['value']:.1f} %{spread}"


def _of_model(node: Node) -> str:
    files = [child.facts for child in _children(node, "raw file")]
    corpora = sorted({file["corpus"] for file in files})
    (samples, *_) = (*(_rows(child)["samples"] for child in _children(node, "training_set")), None)
    plan = f" of plan {node.facts['plan']}" if node.facts["plan"] else ""
    on = f"on {samples:,} training samples{plan} made from" if samples else "on"
    return f"{node.name} ({node.facts['kind']}) stands {on} {len(files)} raw files of {', '.join(corpora)}."


def _of_answer(node: Node) -> str:
    points = [f"{one['outcome']} by the {one['scorer']} scorer" for one in node.facts["points"] or ()]
    said = (node.text or node.facts.get("error") or "").strip().replace("\n", " ")
    short = said if len(said) <= 60 else f"{said[:57]}..."
    return f"{node.name} answered {short!r}: {', '.join(dict.fromkeys(points)) or 'not scored'}."


def _made(node: Node) -> str:
    records = [record.facts for child in _children(node, "instance") for record in child.children]
    named = [f"record {fact['record_index']} of {fact['corpus']}'s {fact['path']}" for fact in records]
    return " and ".join(named) or "no record that is still known"


def _children(node: Node, kind: str) -> Iterator[Node]:
    return (child for child in node.children if child.kind == kind)


def _rows(node: Node) -> dict[str, int]:
    rows: dict[str, int] = json.loads(node.facts["rows"])
    return rows


def _branch(node: Node, parent: Tree, *, full: bool) -> Tree:
    named = {key: value for key, value in node.facts.items() if value not in (None, "", [])}
    if not full:
        named = {key: value for key, value in named.items() if not key.endswith(_DIGESTS)}
    facts = ", ".join(_fact(key, value) for key, value in named.items())
    branch = parent.add(f"[bold]{safe(node.kind)}[/] {safe(node.name)}" + (f"  [dim]{safe(facts)}[/]" if facts else ""))
    if node.text is not None:
        lines = node.text.splitlines() or [""]
        kept = "\n".join(lines[:TEXT_LINES])
        more = f"\n[dim]... {len(lines) - TEXT_LINES} more lines[/]" if len(lines) > TEXT_LINES else ""
        branch.add(safe(kept) + more)
    for child in node.children if full else _shown(node):
        _branch(child, branch, full=full)
    return parent


def _shown(node: Node) -> Sequence[Node]:
    """Return the children that a short tree shows: of a model, steps over all corpora and the first raw files."""
    if node.kind != "model":
        return node.children
    files = list(_children(node, "raw file"))
    steps = [child for child in node.children if child.kind not in ("raw file", *_OF_A_CORPUS)]
    return [*steps, *files[:FILES]]


def _fact(key: str, value: Any) -> str:
    if key == "rows" and isinstance(value, str):
        return ", ".join(f"{count:,} {name}" for name, count in json.loads(value).items())
    if isinstance(value, float):
        return f"{key} {value:.4g}"
    return f"{key} {json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, list | dict) else value}"
