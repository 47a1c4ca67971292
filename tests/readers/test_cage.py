"""What is made to hang, abort or outgrow a reader is one fault of its file; every other file is read as ever."""

from __future__ import annotations

import io
import resource
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from reading import workbook
from strange_corpus import DISTRIBUTION, NAME, write_corpus

from meds_pipeline.catalog.model import RawEntry
from meds_pipeline.catalog.paths import RawFile
from meds_pipeline.core.errors import RawFileError
from meds_pipeline.core.outputs import Output
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.readers import cage, registry
from meds_pipeline.readers.base import Fault, ReaderLimits
from meds_pipeline.steps.run import run_step

LINES = [{"id": str(n), "q": f"question {n}", "a": f"answer {n}", "split": "train", "more": []} for n in range(9)]
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def sheet(row: str) -> dict[str, str]:
    """The page of a workbook: a header, and one row more."""
    head = '<row r="1"><c r="A1" t="inlineStr"><is><t>q</t></is></c></row>'
    return {"xl/worksheets/sheet1.xml": f"<worksheet {MAIN}><sheetData>{head}{row}</sheetData></worksheet>"}


def strings(count: int) -> dict[str, str]:
    """Shared strings of a workbook that say they are so many."""
    return {"xl/sharedStrings.xml": f'<sst {MAIN} count="{count}" uniqueCount="{count}"><si><t>q</t></si></sst>'}


def tampered(parts: dict[str, str]) -> bytes:
    """A workbook with some of its parts replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([["q"], ["x"]]))) as good, zipfile.ZipFile(out, "w") as bad:
        for name in good.namelist():
            bad.writestr(name, parts.get(name) or good.read(name))
    return out.getvalue()


def declared(encoding: str) -> bytes:
    """An XML file in a codec of Python."""
    return f'<?xml version="1.0" encoding="{encoding}"?><r><item>x</item></r>'.encode()


TEXT = 't="inlineStr"><is><t>x</t></is></c></row>'
ATTACKS: dict[str, bytes] = {
    "quoted.xlsx": tampered(sheet(f"<row r='1048576'><c r='XFD1048576' {TEXT}")),
    "tabbed.xlsx": tampered(sheet(f'<row r="1048576"><c\tr="XFD1048576" {TEXT}')),
    "row_2_31.xlsx": tampered(sheet(f'<row r="2147483648"><c r="A2147483648" {TEXT}')),
    "row_2_32.xlsx": tampered(sheet(f'<row r="4294967290"><c {TEXT}')),
    "strings_2_32.xlsx": tampered(strings(2**32 - 1)),
    "strings_2_64.xlsx": tampered(strings(2**64 - 1)),
    "braces.json": b"{" * 300_000,
    "brackets.json": b"[" * 300_000,
    "keys.json": b'[{"q":' + b'{"q":' * 100_000,
    "name.xml": b"<" + b"a" * 65_536,
    "comments.xml": b"<r>" + b"<!--" * 100_000,
    "instructions.xml": b"<?" * 30_000,
    "declarations.xml": b"<?xml" * 12_000,
    "doctypes.xml": b"<!DOCTYPE" * 7_000,
    "rot13.xml": declared("rot13"),
    "hex.xml": declared("hex"),
    "idna.xml": declared("idna"),
    "undefined.xml": declared("undefined"),
    "nonsense.xml": declared("nonsense"),
    "quote.csv": b'q,b\n1,"' + b"word\n" * 400_000,
}
"""File name to bytes; what stands behind the dot is the reader."""


def write_attacks(root: Path) -> dict[str, Any]:
    """Write a good corpus, and one with a good file and all the bad ones; return what opens a home on them."""
    arguments = write_corpus(root, LINES)
    (folder,) = arguments["catalog"]["extra"]
    text = (folder / f"{NAME}.yaml").read_text().replace(NAME, "attacked").replace("x_lines", "x_attacked")
    attacked = yaml.safe_load(text)
    files = attacked["distributions"]["attacked_lines"]["files"]
    raw = arguments["raw"] / "attacked_lines"
    raw.mkdir()
    for name, content in ATTACKS.items():
        stem, _, reader = name.partition(".")
        (raw / name).write_bytes(content)
        files[f"{reader}_{stem}"] = {"path": name, "reader": reader, "columns": {"q": "VARCHAR"}}
        if reader == "xml":
            files[f"{reader}_{stem}"]["options"] = {"record": "item"}
    (raw / "lines.jsonl").write_bytes((arguments["raw"] / DISTRIBUTION / "lines.jsonl").read_bytes())
    (folder / "attacked.yaml").write_text(yaml.safe_dump(attacked))
    return arguments


def faults(output: Output) -> list[dict[str, Any]]:
    """The faults of a raw corpus."""
    (path,) = output.path.rglob("record_fault.parquet")
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def test_attacks_cost_their_own_files_only(opened: Callable[..., Workspace], tmp_path: Path) -> None:
    workspace = opened(**write_attacks(tmp_path), reader_memory="512MB", reader_seconds=20)
    output = run_step(workspace, "raw_corpus", "attacked").output
    found = faults(output)
    assert sorted({row["path"] for row in found}) == sorted(ATTACKS)
    assert len(found) == len(ATTACKS)
    assert pq.read_metadata(output.file("records/lines.parquet")).num_rows == len(LINES)
    for row in found:
        if row["path"].endswith(".xlsx"):
            assert (row["record_index"], row["reason"]) == (-1, "unreadable"), row
            assert "take it away" in row["detail"] or "Delete the cells outside the table" in row["detail"]
        elif b"encoding=" in ATTACKS[row["path"]]:
            assert (row["record_index"], row["reason"]) == (-1, "bad_encoding"), row
    assert run_step(workspace, "raw_corpus", NAME).output.manifest.rows["records"] == len(LINES)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2 << 20, "in KiB"


PLUG_IN = """
import os
from meds_pipeline.readers.text_lines import LinesReader

class DyingReader(LinesReader):
    name = "dying"

    def records(self, raw, options, companions):
        for record in super().records(raw, options, companions):
            if record.index == 30_000:
                if b"abort" in raw.name.encode():
                    os.abort()
                if b"kill" in raw.name.encode():
                    os.kill(os.getpid(), 9)
                if b"hang" in raw.name.encode():
                    while True:
                        pass
            yield record
"""


@pytest.fixture
def dying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RawEntry]:
    """An entry whose reader, a plug-in, dies in the middle of some files."""
    (tmp_path / "dying.py").write_text(PLUG_IN)
    (tmp_path / "dying-1.dist-info").mkdir()
    (tmp_path / "dying-1.dist-info" / "entry_points.txt").write_text(
        "[meds_pipeline.readers]\ndying = dying:DyingReader\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(cage, "_idle", [])
    registry.table.cache_clear()
    yield RawEntry(path="{name}", reader="dying")
    registry.table.cache_clear()


def lines(folder: Path, names: Sequence[str]) -> list[RawFile]:
    """Files of 50,000 lines each."""
    for name in names:
        (folder / name).write_text("line\n" * 50_000)
    return [RawFile("lines", name, {"name": name}, {}) for name in names]


def test_what_ends_a_reader_from_outside_is_no_fault_of_the_file(tmp_path: Path, dying: RawEntry) -> None:
    files = lines(tmp_path, ["a", "b_kill"])
    with (
        pytest.raises(RawFileError, match=r"b_kill: its reader was ended from outside \(SIGKILL\)"),
        cage.reading(dying, tmp_path, files, ReaderLimits(1 << 30, 60, 0), {}) as caged,
    ):
        for number in range(2):
            list(caged.batches(number))


def test_what_dies_half_way_gives_no_record_and_the_others_all(tmp_path: Path, dying: RawEntry) -> None:
    names = ["a", "b_abort", "c", "d_hang", "e_abort", "f"]
    files, lost = lines(tmp_path, names), dict[int, Fault]()
    rounds = 0
    while True:
        rounds += 1
        with (
            suppress(cage.HalfReadError),
            cage.reading(dying, tmp_path, files, ReaderLimits(1 << 30, 2, 0), lost) as one,
        ):
            found = [list(one.batches(number)) for number in range(len(files))]
            break
    assert rounds == 2, "once there is one, no other costs a further reading of all"
    assert [sum(len(batch.records) for batch in batches) for batches in found] == [50_000, 0, 50_000, 0, 0, 50_000]
    endings = {names[place]: fault.detail for place, batches in enumerate(found) for b in batches for fault in b.faults}
    assert list(endings) == ["b_abort", "d_hang", "e_abort"]
    assert "SIGABRT" in endings["b_abort"]
    assert "2 s of processor time" in endings["d_hang"]
