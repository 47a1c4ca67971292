"""Synthetic twins: upstream files of every corpus in their format, with invented content.

    from meds_pipeline.twins import write_all
    write_all(Path("raw"), records=600, seed=0)

They let the whole pipeline run, and be tested, where no raw corpus is at hand. They are no data: nothing learned from
them says anything about medicine, and everything made from them is marked so.
"""

from meds_pipeline.twins.files import DEFAULT_RECORDS, mark_twins, twin_names, write_all, write_twin

__all__ = ["DEFAULT_RECORDS", "mark_twins", "twin_names", "write_all", "write_twin"]
