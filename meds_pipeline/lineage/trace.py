"""The way back to the bytes: a score, item or sample as a tree that ends in the raw text of its records.

Every node is read from `lineage.duckdb` (opened read-only). Raw text is read from the raw file itself, after its sha256
is checked: for a file that has changed, the trace says so and shows no text.
"""

from __future__ import annotations

import json
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any

import duckdb

from meds_pipeline.catalog.paths import beside, captured, stored
from meds_pipeline.core import digests
from meds_pipeline.core.errors import MedsError, StoreError, UnknownNameError, Where
from meds_pipeline.lineage.compact import WITH_HISTORY
from meds_pipeline.lineage.node import Node
from meds_pipeline.readers.base import Address
from meds_pipeline.readers.opening import record_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from meds_pipeline.home.workspace import Workspace

KINDS = ("sample", "item", "score", "model")


class Tracer:
    """Traces within one home; close it, or use it in a `with` block."""

    def __init__(self, workspace: Workspace) -> None:
        path = workspace.home / "lineage.duckdb"
        if not path.is_file():
            raise StoreError("there is no lineage yet.", Where(file=str(path)), "Run `meds run` first.")
        self._ws = workspace
        self._con = duckdb.connect(str(path), read_only=True)
        self._con.execute(f"SET search_path = '{WITH_HISTORY},main'")  # a model may be made from older outputs

    def __enter__(self) -> Tracer:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the database."""
        self._con.close()

    def trace(self, kind: str, identifier: str, *, items: int = 3) -> Node:
        """Return the tree of one thing.

        Args:
            kind: One of `KINDS`.
            identifier: Its id, or the first characters of its id if they are unique; for a model its name.
            items: How many items a score shows with their whole chain.

        Raises:
            UnknownNameError: There is no such kind, or not exactly one id starts with these characters.
        """
        ways: dict[str, Callable[[str], Node]] = {
            "sample": self._sample,
            "item": self._item,
            "score": lambda found: self._score(found, items),
            "model": self._model,
        }
        if kind not in ways:
            raise UnknownNameError(f"{kind!r} cannot be traced.", next_step=f"Give one of {', '.join(KINDS)}.")
        return ways[kind](self._find(kind, identifier))

    def _find(self, kind: str, identifier: str) -> str:
        found = [row["id"] for row in self._rows(f"find_{kind}", id=identifier)]
        if len(found) == 1:
            return str(found[0])
        if not found:
            raise UnknownNameError(f"no {kind} has an id that starts with {identifier!r}.", next_step=_LOOK[kind])
        raise UnknownNameError(f"more than one {kind} id starts with {identifier!r}.", next_step="Give more of the id.")

    def _sample(self, sample_id: str) -> Node:
        row = self._rows("sample", id=sample_id)[0]
        shots = row.pop("shot_instance_ids")
        instance_id, instruction = row.pop("instance_id"), row.pop("instruction")
        node = Node(
            "sample", sample_id, row, children=[Node("instruction", row.pop("instruction_id"), text=instruction)]
        )
        node.children.append(self._instance(instance_id, "instance"))
        node.children += [self._instance(shot, "few-shot example") for shot in shots]
        for place in self._rows("sequences", id=sample_id):
            node.children.append(Node("sequence", f"{place['plan']} {place.pop('sequence')}", place))
        return node

    def _item(self, item_id: str, model: str | None = None) -> Node:
        """An item with the answers of all models, or of one model, and the examples that they were shown."""
        row = self._rows("item", id=item_id)[0]
        frozen, instance_id = row.pop("shot_instance_ids"), row.pop("instance_id")
        node = Node("item", item_id, row, children=[self._instance(instance_id, "instance")])
        answers = [a for a in self._rows("predictions", id=item_id) if model in (None, a["model"])]
        shown = dict.fromkeys(shot for answer in answers for shot in answer["shot_instance_ids"])
        node.children += [self._instance(shot, "few-shot example") for shot in (shown if answers else frozen)]
        for answer in answers:
            node.children.append(Node("prediction", answer.pop("model"), answer, text=answer.pop("output")))
        for near in self._rows("near_samples", id=item_id):
            node.children.append(Node("training instance left out", near.pop("instance_id"), near))
        return node

    def _score(self, score_id: str, items: int) -> Node:
        row = self._rows("score", id=score_id)[0]
        node = Node("score", score_id, row, children=[self._model(row["model"])])
        scored_items = {scored["item_id"]: scored for scored in reversed(self._rows("score_items", id=score_id))}
        node.facts["further_items"] = max(0, len(scored_items) - items)
        for item_id, scored in list(reversed(scored_items.items()))[:items]:
            child = self._item(item_id, row["model"])
            scored.pop("item_id")
            child.facts |= scored
            node.children.append(child)
        return node

    def _model(self, name: str) -> Node:
        row = self._rows("model", id=name)[0]
        row["spec"] = json.loads(row["spec"])
        node = Node("model", name, row)
        for step in self._rows("stands_on", id=row["fingerprint"]):
            node.children.append(Node(step.pop("asset"), step.pop("partition"), step))
        for file in self._rows("model_files", id=row["fingerprint"]):
            node.children.append(Node("raw file", file.pop("path"), file))
        return node

    def _instance(self, instance_id: str, kind: str) -> Node:
        row = self._rows("instance", id=instance_id)[0]
        node = Node(kind, instance_id, row)
        for source in self._rows("sources", id=instance_id, fingerprint=row.pop("fingerprint")):
            text = self._raw_text(source)
            node.children.append(Node("record", f"{source['path']} record {source['record_index']}", source, text=text))
        return node

    def _raw_text(self, source: dict[str, Any]) -> str:
        """Return the record's raw text, with the record's part of the companions, or why it cannot be shown."""
        name, fingerprint, path = source.pop("entry"), source.pop("fingerprint"), source["path"]
        try:
            distribution = self._ws.catalog.distributions[source["distribution"]][1]
            folder, entry = self._ws.raw / (distribution.folder or source["distribution"]), distribution.files[name]
            companions = beside(entry, captured(entry, path))
            known = {path: source["sha256"]}
            for other in companions.values():
                for row in self._rows("beside", fingerprint=fingerprint, entry=name, path=other):
                    known[other] = row["sha256"]
            if any(self._sha256(folder / stored(file)) != sha256 for file, sha256 in known.items()):
                return "(the file has other bytes now: run `meds run`, or bring the file back)"
            address = Address(source["record_index"], source["start"], source["length"])
            there = {role: other for role, other in companions.items() if other in known}
            return record_text(folder, path, there, entry, address)
        except FileNotFoundError:
            return "(the file is no longer there)"
        except (KeyError, MedsError) as error:
            return f"(the catalog no longer reads this file: {error})"

    def _sha256(self, path: Path) -> str:
        """Return the sha256 of a file, which is read if it may have changed since a run read it."""
        known = self._ws.store.hasher.sha256(path)
        return digests.file_sha256(path) if known == digests.UNKNOWN else known

    def _rows(self, query: str, **parameters: str) -> list[dict[str, Any]]:
        cursor = self._con.execute(self._queries[query], parameters)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    @cached_property
    def _queries(self) -> dict[str, str]:
        """The named queries of trace.sql."""
        text = (resources.files("meds_pipeline.lineage") / "trace.sql").read_text(encoding="utf-8")
        parts = [part.partition("\n") for part in text.split("-- name: ")[1:]]
        return {name.strip(): query for name, _, query in parts}


_LOOK = {
    "sample": "`SELECT sample_id FROM sample LIMIT 5` on lineage.duckdb lists some.",
    "item": "`SELECT item_id FROM item LIMIT 5` on lineage.duckdb lists some.",
    "score": "`meds leaderboard` shows the id of every score.",
    "model": "`meds leaderboard` lists the models.",
}
