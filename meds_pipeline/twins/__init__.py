"""Synthetic twins: upstream files of every corpus in their format, with invented content.

    from meds_pipeline.twins import write_all
    write_all(Path("raw"), records=600, seed=0)

With them the whole pipeline can run and be tested without a raw corpus. They are not real data: results from them say
nothing about medicine, and every output made from them is marked as synthetic.
"""

from meds_pipeline.twins.files import DEFAULT_RECORDS, mark_twins, twin_names, write_all, write_twin

__all__ = ["DEFAULT_RECORDS", "mark_twins", "twin_names", "write_all", "write_twin"]
