"""Outputs of the real files have the bytes they had: who means to change them raises the step's version with them.

`golden_outputs.json` holds the digest of the records and the sha256 of the instances, by distribution. After a change
that is meant to change bytes:

    MEDS_WRITE_GOLDEN=1 python -m pytest -n0 tests/catalog/test_same_outputs.py
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from build_corpus import Builds, catalog

FILE = Path(__file__).with_name("golden_outputs.json")


@pytest.mark.parametrize("distribution", catalog().distributions)
def test_records_and_instances_of_real_files_are_as_they_were(distribution: str, builds: Builds) -> None:
    made = builds(distribution, "real")
    found = {"raw_corpus": made.raw.digest, "instances": made.made.manifest.files["instances.parquet"].sha256}
    golden = json.loads(FILE.read_bytes())
    if os.environ.get("MEDS_WRITE_GOLDEN"):
        FILE.write_text(json.dumps({**golden, distribution: found}, indent=1, sort_keys=True) + "\n")
        return
    assert found == golden.get(distribution)
