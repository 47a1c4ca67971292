"""Two thousand damages of the real files: parsed, quarantined, or a clear error; no crash, no hang, no record lost.

    pytest -m slow tests/readers/test_fuzz.py

Each damage cuts the file, flips bytes, writes it in another encoding, or splices in a piece of another file. The
records whose bytes lie outside the damage, and not beside it, must come out as before, unless the file as a whole is
reported. `MEDS_FUZZ` sets another number of damages.
"""

from __future__ import annotations

import io
import json
import os
import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import pytest
from reading import real, rows
from test_real_files import CASES, Case

from meds_pipeline.readers import Fault, Record, get_reader

DAMAGES = int(os.environ.get("MEDS_FUZZ", "2000"))
SECONDS = 20
KINDS = ("truncate", "flip", "re-encode", "splice")
STANDS_ALONE = {"brat", "text", "xlsx"}
"""Readers to whom a file is one record, or one zip: any damage may take all of it."""


@dataclass(frozen=True)
class Damage:
    """A damaged file and where it differs from the original: bytes `start` to `end` of the original."""

    kind: str
    data: bytes
    start: int
    end: int


@lru_cache(maxsize=64)
def files_of(case: Case) -> list[Path]:
    """The real files of a case."""
    root = real(case.files.split("/", maxsplit=1)[0])
    return sorted(root.parent.glob(case.files))


def read(case: Case, path: Path, data: bytes) -> list[Record | Fault]:
    """Read damaged bytes beside the undamaged companions."""
    beside = {role: io.BytesIO(Path(str(path).replace(*part)).read_bytes()) for role, part in case.companions.items()}
    return list(get_reader(case.reader).read(io.BytesIO(data), companions=beside, **case.options))


def damage(rng: random.Random, data: bytes, other: bytes) -> Damage:
    """Damage a file in one of the four ways."""
    kind = rng.choice(KINDS)
    at = rng.randrange(len(data))
    if kind == "truncate":
        return Damage(kind, data[:at], at, len(data))
    if kind == "flip":
        until = min(len(data), at + rng.choice((1, 1, 1, 4)))
        flipped = bytes(byte ^ 1 << rng.randrange(8) for byte in data[at:until])
        return Damage(kind, data[:at] + flipped + data[until:], at, until)
    if kind == "re-encode":
        target = rng.choice(("utf-16", "latin-1", "cp1251", "gb18030", "utf-8-sig"))
        return Damage(kind, data.decode("utf-8", errors="replace").encode(target, errors="replace"), 0, len(data))
    piece_at = rng.randrange(len(other))
    piece = other[piece_at : piece_at + rng.randrange(1, 400)]
    until = min(len(data), at + rng.choice((0, 0, 50)))
    return Damage(kind, data[:at] + piece + data[until:], at, until)


def untouched(original: list[Record | Fault], hit: Damage) -> Counter[str]:
    """Values of the records that neither overlap the damage nor stand beside it."""
    kept: Counter[str] = Counter()
    for before, unit, behind in zip([None, *original], original, [*original[1:], None], strict=False):
        low = before.start if before else 0
        high = behind.start + behind.length if behind else unit.start + unit.length
        if isinstance(unit, Record) and (high < hit.start or low > hit.end):
            kept[repr(unit.values)] += 1
    return kept


def check(case: Case, path: Path, original: list[Record | Fault], hit: Damage) -> str:
    """Read a damaged file, check what came out, and say how it went."""
    begun = time.monotonic()
    found = read(case, path, hit.data)
    assert time.monotonic() - begun < SECONDS, "took too long"
    numbers = [unit.index for unit in found if unit.index >= 0]
    assert numbers == list(range(len(numbers)))
    assert found or case.options.get("may_be_empty")
    for unit in found:
        assert unit.start >= 0
        assert case.reader == "xlsx" or unit.start + unit.length <= len(hit.data)
    for unit, behind in pairwise(found if case.reader in ("csv", "tsv", "jsonl") else ()):
        between = hit.data[unit.start + unit.length : behind.start]
        assert unit.index < 0 or not between.strip(), f"bytes passed over behind record {unit.index}"
    if case.reader in ("csv", "tsv", "jsonl"):
        batches = list(get_reader(case.reader).batches(io.BytesIO(hit.data), **case.options))
        assert sum(len(batch.records) for batch in batches) == len(rows(found))
        faults = [fault for batch in batches for fault in batch.faults]
        assert faults == [unit for unit in found if isinstance(unit, Fault)]
    if any(unit.index < 0 for unit in found):
        return "file reported"
    if case.reader == "json" and (count := _count_if_valid(hit.data, case.options.get("path", ()))) is not None:
        assert len(found) == count
    elif hit.kind != "re-encode" and case.reader not in STANDS_ALONE:
        lost = untouched(original, hit) - Counter(map(repr, rows(found)))
        assert not lost, f"{sum(lost.values())} good records lost"
    return "records quarantined" if any(isinstance(unit, Fault) for unit in found) else "parsed"


def _count_if_valid(data: bytes, path: tuple[str, ...]) -> int | None:
    """Records of a file that is valid JSON even so: a splice may move records to another key of the document."""
    try:
        value = json.loads(data)
        for key in path:
            value = value[key]
    except (ValueError, LookupError, TypeError):
        return None
    return len(value) if isinstance(value, list) else 1


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_two_thousand_damages_of_the_real_files() -> None:
    rng = random.Random(20)  # noqa: S311  # damage, not secrets
    cases = [case for case in CASES if files_of(case)]
    outcomes: Counter[tuple[str, str]] = Counter()
    originals: dict[Path, list[Record | Fault]] = {}
    failed: list[str] = []
    for number in range(DAMAGES):
        case = cases[number % len(cases)]
        path = rng.choice(files_of(case))
        data = path.read_bytes()
        if path not in originals:
            originals[path] = read(case, path, data)
        hit = damage(rng, data, rng.choice(files_of(rng.choice(cases))).read_bytes())
        try:
            outcomes[hit.kind, check(case, path, originals[path], hit)] += 1
        except Exception as error:  # any: it is told below with what is needed to repeat it
            where = f"damage {number}, {hit.kind} at byte {hit.start} of {path}"
            failed.append(f"{where}: {type(error).__name__}: {str(error)[:300]}")
    _report(outcomes)
    assert not failed, "\n".join([f"{len(failed)} of {DAMAGES}:", *failed[:20]])


def _report(outcomes: Mapping[tuple[str, str], int]) -> None:
    """Show the counts (pytest -s)."""
    for (kind, outcome), count in sorted(outcomes.items()):
        print(f"{kind:10} {outcome:20} {count:5}")
