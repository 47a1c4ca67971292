"""The pictures of an output, drawn once and kept below `<home>/pictures`, because drawing takes seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.core.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from meds_pipeline.core.outputs import Output


def pictures(home: Path, output: Output) -> dict[str, bytes]:
    """Return the PNGs of an output by name; empty for assets that have none."""
    m = output.manifest
    drawings = _DRAWINGS.get(m.asset)
    if drawings is None:
        return {}
    folder = home / "pictures" / m.asset / m.partition / m.fingerprint
    kept = {path.stem: path.read_bytes() for path in sorted(folder.glob("*.png"))}
    if not kept:
        kept = dict(drawings(output))
        for name, png in kept.items():
            write_atomic(folder / f"{name}.png", png)
    return kept


def _loss_curve(output: Output) -> Mapping[str, bytes]:
    import pyarrow.parquet as pq

    from meds_pipeline.reports.pictures import loss_curve_png

    loss = pq.read_table(output.file("loss.parquet"), columns=["step", "loss"]).to_pydict()
    return {"loss curve": loss_curve_png(loss["step"], loss["loss"])}


def _score_plots(output: Output) -> Mapping[str, bytes]:
    """Draw the scores of the tasks, one picture a scorer."""
    import pyarrow.parquet as pq

    from meds_pipeline.reports.board.model import ScoreRow
    from meds_pipeline.reports.pictures import score_plot_png

    names = list(ScoreRow.__dataclass_fields__)
    rows = [ScoreRow(**row) for row in pq.read_table(output.file("lineage/score.parquet"), columns=names).to_pylist()]
    tasks = sorted((row for row in rows if row.level == "task"), key=lambda row: (row.name, row.metric))
    return {
        f"{scorer} scores": score_plot_png([row for row in tasks if row.scorer == scorer])
        for scorer in sorted({row.scorer for row in tasks})
    }


_DRAWINGS: Mapping[str, Callable[[Output], Mapping[str, bytes]]] = {
    "fine_tuned_model": _loss_curve,
    "scores": _score_plots,
}
