"""One module per upstream format: bytes in, records with addresses out. The contract is in `base.py`."""

from __future__ import annotations

from meds_pipeline.readers.base import Address, Fault, Reader, Reason, Record
from meds_pipeline.readers.registry import get_reader, reader_names

__all__ = ["Address", "Fault", "Reader", "Reason", "Record", "get_reader", "reader_names"]
