"""Raw files opened in place: plain, .gz, members of zip and tar; bombs, broken and hostile archives."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from reading import faults, rows

from meds_pipeline.core.errors import RawFileError
from meds_pipeline.readers import get_reader
from meds_pipeline.readers.archives import ArchiveLimits, list_members, open_raw, packed

LINES = b'{"question": "a"}\n{"question": "b"}\n'
COLUMNS = {"columns": {"question": "VARCHAR"}}
SMALL = ArchiveLimits(member_bytes=1 << 20, ratio=50, ratio_from=1 << 12, members=3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The same two records plain, in .gz, zip, tar and tar.gz."""
    (tmp_path / "a.jsonl").write_bytes(LINES)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(LINES))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in/a.jsonl", LINES)
        archive.writestr("in/b.txt", b"b")
    for name in ("a.tar", "a.tar.gz", "a.tgz"):
        with tarfile.open(tmp_path / name, "w:gz" if name.endswith("gz") else "w") as tar:
            for member, body in (("in/a.jsonl", LINES), ("in/b.txt", b"b")):
                info = tarfile.TarInfo(member)
                info.size = len(body)
                tar.addfile(info, io.BytesIO(body))
    return tmp_path


@pytest.mark.parametrize(
    "name",
    ["a.jsonl", "a.jsonl.gz", "a.zip::in/a.jsonl", "a.tar::in/a.jsonl", "a.tar.gz::in/a.jsonl", "a.tgz::in/a.jsonl"],
)
def test_the_same_records_and_addresses_wherever_they_lie(folder: Path, name: str) -> None:
    reader = get_reader("jsonl")
    with open_raw(f"{folder}/{name}") as raw:
        found = list(reader.read(raw, **COLUMNS))
        assert rows(found) == [("a",), ("b",)]
        assert [reader.raw_text(raw, unit, **COLUMNS) for unit in reversed(found)] == LINES.decode().split("\n")[1::-1]


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_members_are_listed_by_pattern(folder: Path, name: str) -> None:
    assert list_members(folder / name) == ["in/a.jsonl", "in/b.txt"]
    assert list_members(folder / name, "*.jsonl") == ["in/a.jsonl"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("none.jsonl", "is not there"),
        ("none.zip::x", "is not there"),
        ("a.zip::in/c.jsonl", "has no member 'in/c.jsonl'"),
        ("a.tar::in/c.jsonl", "has no member 'in/c.jsonl'"),
        ("a.tar::../b.txt", "leads out of the archive"),
        ("a.jsonl::x", "cannot be read"),
    ],
)
def test_what_is_not_there_is_named_with_the_next_step(folder: Path, name: str, says: str) -> None:
    with pytest.raises(RawFileError) as caught:
        open_raw(f"{folder}/{name}")
    assert says in str(caught.value)
    assert name.split("::")[0] in str(caught.value)
    assert "Next:" in str(caught.value)


def test_a_bomb_is_refused_by_what_it_says_and_by_what_it_does(tmp_path: Path) -> None:
    zeros = bytes(1 << 19)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", zeros)
    with pytest.raises(RawFileError, match="archive bomb"):
        open_raw(tmp_path / "bomb.zip::x", SMALL)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(zeros))  # .gz does not say; it is stopped while read
    with open_raw(tmp_path / "bomb.gz", SMALL) as raw, pytest.raises(RawFileError, match="archive bomb"):
        raw.read()
    with tarfile.open(tmp_path / "bomb.tar.gz", "w:gz") as tar:
        info = tarfile.TarInfo("x")
        info.size = len(zeros)
        tar.addfile(info, io.BytesIO(zeros))
    with pytest.raises(RawFileError, match="archive bomb"):
        open_raw(tmp_path / "bomb.tar.gz::x", SMALL)
    (tmp_path / "big.gz").write_bytes(gzip.compress(bytes(range(256)) * (1 << 13)))
    with (
        open_raw(tmp_path / "big.gz", ArchiveLimits(member_bytes=1 << 20)) as raw,
        pytest.raises(RawFileError, match="more than 1048576"),
    ):
        raw.read()


def test_a_bomb_read_by_a_reader_is_a_fault_after_its_good_records(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(LINES + b"\n" * (1 << 22)))
    with open_raw(tmp_path / "x.jsonl.gz", SMALL) as raw:
        found = list(get_reader("jsonl").read(raw, **COLUMNS))
    assert faults(found)[-1] == (-1, "unreadable")


def test_too_many_members_and_names_that_lead_out(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(4):
            archive.writestr(str(number), b"")
    with pytest.raises(RawFileError, match="more than 3 members"):
        list_members(tmp_path / "many.zip", limits=SMALL)
    for bad in ("../x", "/etc/passwd", "a/../../x", "..\\x", "C:x"):
        with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
            archive.writestr(zipfile.ZipInfo(bad), b"x")
        with pytest.raises(RawFileError, match="leads out of the archive"):
            list_members(tmp_path / "out.zip")


def _tar_of(*members: tuple[str, bytes, int]) -> bytes:
    """A tar of headers alone: name, type and the size that they say."""
    blocks = []
    for name, kind, size in members:
        info = tarfile.TarInfo(name)
        info.type, info.size = kind, size
        blocks.append(info.tobuf(tarfile.GNU_FORMAT))
    return b"".join(blocks)


LISTED = {
    "pax header of 1 GiB": (_tar_of(("x", tarfile.XHDTYPE, 1 << 30)), {}, "a header of 1073741824 bytes"),
    "long name of 1 GiB": (_tar_of(("x", tarfile.GNUTYPE_LONGNAME, 1 << 30)), {}, "a header of 1073741824 bytes"),
    "skips what inflates": (
        gzip.compress(_tar_of(("x", tarfile.REGTYPE, 1 << 24)) + bytes(1 << 24)),
        {"ratio_from": 1 << 20, "header_bytes": 1 << 16},
        "as an archive bomb does",
    ),
    "no end": (_tar_of(*[("x", tarfile.REGTYPE, 0)] * 99), {"seconds": -1.0}, "takes too long to list"),
}


@pytest.mark.parametrize("case", LISTED)
def test_a_tar_is_listed_within_limits(tmp_path: Path, case: str) -> None:
    content, changed, problem = LISTED[case]
    (tmp_path / "x.tar.gz").write_bytes(content)
    with pytest.raises(RawFileError, match=problem):
        list_members(tmp_path / "x.tar.gz", limits=ArchiveLimits(**changed))


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz"])
def test_the_limit_of_a_member_is_not_that_of_its_archive(tmp_path: Path, name: str) -> None:
    members = {f"{n}.txt": b"x" * 500_000 for n in range(4)}
    (tmp_path / name).write_bytes(packed(name, members))
    limits = ArchiveLimits(member_bytes=600_000)
    assert list_members(tmp_path / name, limits=limits) == sorted(members)
    with open_raw(f"{tmp_path}/{name}::3.txt", limits) as raw:
        assert len(raw.read()) == 500_000


def test_links_in_a_tar_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("protected")
    with tarfile.open(tmp_path / "link.tar", "w") as tar:
        info = tarfile.TarInfo("x")
        info.type, info.linkname = tarfile.SYMTYPE, str(tmp_path / "secret")
        tar.addfile(info)
    assert list_members(tmp_path / "link.tar") == []
    with pytest.raises(RawFileError, match="not a plain file"):
        open_raw(tmp_path / "link.tar::x")


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.zip::in/a.jsonl", "a.tar.gz::in/a.jsonl"])
@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_broken_archives_raise_only_our_error(folder: Path, name: str, keep: float) -> None:
    path = folder / name.split("::")[0]
    body = path.read_bytes()
    path.write_bytes(body[: int(len(body) * keep)])
    try:
        with open_raw(f"{folder}/{name}") as raw:
            found = list(get_reader("jsonl").read(raw, **COLUMNS))
    except RawFileError as error:
        assert "Next: fetch the file again" in str(error)
    else:  # what is cut off a tar may be only the padding behind its members
        assert faults(found)[-1:] == [(-1, "unreadable")] or ("tar" in name and rows(found) == [("a",), ("b",)])


def test_encrypted_members_are_refused(folder: Path) -> None:
    body = bytearray((folder / "a.zip").read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        body[body.index(mark) + offset] |= 1
    (folder / "a.zip").write_bytes(bytes(body))
    with pytest.raises(RawFileError, match="encrypted"):
        open_raw(f"{folder}/a.zip::in/a.jsonl")
