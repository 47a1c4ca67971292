"""Who may read the items of a release today: a corpus may have become less open since it was frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyarrow.parquet as pq

from meds_pipeline.core.outputs import strictest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meds_pipeline.core.outputs import Access, Output


class ItemAccess(NamedTuple):
    """An item's corpus and its access class."""

    corpus: str
    access: Access


def access_of_items(release: Output, today: Mapping[str, Access]) -> dict[str, ItemAccess]:
    """Return the access class of every item of a release, by item id.

    It is the strictest of three: the one frozen with the item, that of its task today, and that of the task its
    examples come from.

    Args:
        release: The release; one from before items had a class counts by its manifest's.
        today: Access class of every task's corpus as the catalog has it now.
    """
    file = release.file("items.parquet")
    names = ["item_id", "corpus", "task_id", "shots_from", "access"]
    rows = pq.read_table(file, columns=[n for n in names if n in pq.read_schema(file).names]).to_pylist()
    return {
        row["item_id"]: ItemAccess(
            row["corpus"],
            strictest(
                [
                    row.get("access") or release.access,
                    *(today.get(str(row.get(task)), "open") for task in ("task_id", "shots_from")),
                ]
            ),
        )
        for row in rows
    }
