"""What golden files say of a built distribution: rows of its entries, and rows and a digest of each task."""

from __future__ import annotations

import hashlib
from typing import Any

from build_corpus import Built


def figures(built: Built) -> dict[str, Any]:
    """The figures of a distribution as a golden file writes them.

    `rows` counts records by entry, faults and rejected rows where there are any. A task's digest covers split, input
    and outputs of all its instances, in any order.
    """
    rows = {entry: len(built.records(entry)) for entry in built.said.files}
    lost = {"faults": len(built.faults), "rejected": len(built.rejected)}
    tasks = {}
    for task in sorted(built.said.recipes):
        texts = sorted("\x1f".join([row["split"], row["input"], *row["outputs"]]) for row in built.task(task))
        tasks[task] = built.splits(task) | {"digest": hashlib.sha256("\x1e".join(texts).encode()).hexdigest()[:12]}
    return {"rows": rows | {name: count for name, count in lost.items() if count}, "tasks": tasks}
