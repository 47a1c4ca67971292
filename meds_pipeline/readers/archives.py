"""Opens raw files where they lie: plain, `.gz`, or a member of a zip or tar, never unpacked to disk.

    open_raw("corpus/data.jsonl.gz")
    open_raw("corpus/release_train_patients.zip::release_train_patients.csv")
    list_members("corpus/corpus.tar.gz", "*/train/*.xml")

An archive from outside is not trusted: sizes, the ratio of inflation, the number of members and their names have
limits. A member that is over a limit, encrypted, a link, or named like a path out of the archive raises `RawFileError`.
So does a stream that breaks off or grows past its limit while it is read.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import math
import tarfile
import time
import zipfile
import zlib
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from meds_pipeline.catalog.paths import MEMBER
from meds_pipeline.core.errors import RawFileError, Where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import IO

_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError)
_UNPACK: dict[bytes, Callable[[IO[bytes]], Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
_PIECE = 1 << 18
"""Most bytes that are read of a member at once; a larger read of a tar comes from a header with a false size."""
_FETCH = "fetch the file again; if it is whole, put what is in it there unpacked."


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What an archive may be.

    Attributes:
        member_bytes: Largest inflated size of one member, or of a .gz file.
        ratio: Largest ratio of inflated to stored size, for members of `ratio_from` bytes or more.
        ratio_from: Inflated size from which the ratio is checked.
        members: Most members of one archive.
        archive_bytes: Largest inflated size of a tar with all its members.
        header_bytes: Largest header of a member of a tar.
        seconds: Seconds that the listing of an archive may take.
        seconds_per_mb: Further seconds for the listing, per million bytes on disk.
    """

    member_bytes: int = 64 * 1024**3
    ratio: float = 200.0
    ratio_from: int = 64 * 1024**2
    members: int = 1_000_000
    archive_bytes: int = 16 * 1024**4
    header_bytes: int = 1024**2
    seconds: float = 60
    seconds_per_mb: float = 0.1


DEFAULT_LIMITS = ArchiveLimits()


class _Checked(io.RawIOBase):
    """A decompressing stream that stops at its limits, and whose errors name its file."""

    def __init__(self, inner: IO[bytes], name: str, stored: int, limits: ArchiveLimits, opened: ExitStack) -> None:
        super().__init__()
        self._inner, self.name, self._stored, self._limits = inner, name, max(1, stored), limits
        self._opened, self._position = opened, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._inner.seekable()

    def seek(self, offset: int, whence: int = 0, /) -> int:
        with naming(self.name):
            self._position = self._inner.seek(offset, whence)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # narrower than WriteableBuffer
        with naming(self.name):
            data = self._inner.read(min(len(buffer), _PIECE))
        buffer[: len(data)] = data
        self._position += len(data)
        _check_size(self.name, self._position, self._stored, self._limits)
        return len(data)

    def close(self) -> None:
        self._inner.close()
        self._opened.close()
        super().close()


class _Headers:
    """A checked stream for tarfile, which alone would accept headers of any size and skip inflated bytes unchecked."""

    def __init__(self, inner: IO[bytes], name: str, stored: int, limits: ArchiveLimits, until: float) -> None:
        self._inner, self._name, self._stored, self._limits, self._until = inner, name, stored, limits, until
        self._packed = not isinstance(inner, io.BufferedReader)

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._inner.tell()

    def seek(self, offset: int, whence: int = 0, /) -> int:
        step = self._limits.header_bytes
        while self._packed and whence == 0 and offset - self._inner.tell() > step:
            if not self.read(step):
                break
        return self._inner.seek(offset, whence)

    def read(self, size: int, /) -> bytes:
        if size > self._limits.header_bytes:
            raise _over(self._name, f"holds a header of {size} bytes.")
        if time.monotonic() > self._until:
            raise _over(self._name, "takes too long to list.")
        data = self._inner.read(size)
        if self._packed:
            whole = replace(self._limits, member_bytes=self._limits.archive_bytes)
            _check_size(self._name, self._inner.tell(), self._stored, whole)
        return data


@contextmanager
def _tar(archive: str, limits: ArchiveLimits, *, listed: bool = False) -> Iterator[tarfile.TarFile]:
    """Open a tar within the limits (with `listed` also the seconds); its first bytes tell whether it is packed."""
    stored = Path(archive).stat().st_size
    until = time.monotonic() + limits.seconds + limits.seconds_per_mb * stored / 1e6 if listed else math.inf
    with ExitStack() as opened:
        inner: IO[bytes] = opened.enter_context(Path(archive).open("rb"))
        mark = inner.read(6)
        inner.seek(0)
        for magic, unpack in _UNPACK.items():
            if mark.startswith(magic):
                inner = opened.enter_context(unpack(inner))
        headers = cast("IO[bytes]", _Headers(inner, archive, stored, limits, until))
        yield opened.enter_context(tarfile.open(fileobj=headers, mode="r:"))


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Turn the errors of a broken archive into a `RawFileError` that names the archive."""
    try:
        yield
    except FileNotFoundError as error:
        step = "bring the file back, or correct the path."
        raise RawFileError("the file is not there.", Where(file=name), step) from error
    except (*_BROKEN, RuntimeError, NotImplementedError) as error:
        raise RawFileError(f"cannot be read ({type(error).__name__}: {error}).", Where(file=name), _FETCH) from error


def open_raw(reference: str | Path, limits: ArchiveLimits = DEFAULT_LIMITS) -> BinaryIO:
    """Open a raw file for reading: a path, a `.gz` path, or `archive::member`.

    Returns:
        A buffered, seekable stream of the (inflated) bytes; reader addresses are positions in this stream.

    Raises:
        RawFileError: Missing, broken, or over a limit; the file and the next step are named.
    """
    text = str(reference)
    archive, _, member = text.partition(MEMBER)
    with naming(text):
        if member:
            return _open_member(archive, member, limits)
        if archive.endswith(".gz"):
            inner = cast("IO[bytes]", gzip.open(archive, "rb"))  # noqa: SIM115  # the caller closes it
            return _checked(inner, text, Path(archive).stat().st_size, limits, ExitStack())
        return Path(archive).open("rb")


def list_members(archive: str | Path, pattern: str = "*", limits: ArchiveLimits = DEFAULT_LIMITS) -> list[str]:
    """Names of the files in a zip or tar that match a shell pattern, sorted.

    Raises:
        RawFileError: The archive is missing, broken, has too many members or names that lead out of it.
    """
    name = str(archive)
    found: list[str] = []
    with naming(name):
        for count, member in enumerate(_names(name, limits)):
            if count >= limits.members:
                raise _over(name, f"has more than {limits.members} members.")
            _check_name(name, member)
            if fnmatchcase(member, pattern):
                found.append(member)
    return sorted(found)


def check_zip(raw: BinaryIO, limits: ArchiveLimits = DEFAULT_LIMITS) -> None:
    """Check the members of a file that is a zip inside (XLSX), before another library inflates them.

    Raises:
        RawFileError: Broken, or over a limit.
    """
    name = str(getattr(raw, "name", "the file"))
    with naming(name), zipfile.ZipFile(raw) as opened:
        members = opened.infolist()
        if len(members) > limits.members:
            raise _over(name, f"has more than {limits.members} members.")
        for member in members:
            _check_size(f"{name}{MEMBER}{member.filename}", member.file_size, member.compress_size, limits)


def _names(archive: str, limits: ArchiveLimits) -> Iterator[str]:
    if archive.endswith(_TAR):
        with _tar(archive, limits, listed=True) as tar:
            while (member := tar.next()) is not None:
                tar.members = []  # type: ignore[attr-defined]  # it would keep a million of them
                if member.isfile():
                    yield member.name
    else:
        with zipfile.ZipFile(archive) as opened:
            yield from (member.filename for member in opened.infolist() if not member.is_dir())


def _open_member(archive: str, member: str, limits: ArchiveLimits) -> BinaryIO:
    _check_name(archive, member)
    name = f"{archive}{MEMBER}{member}"
    with ExitStack() as opened:
        try:
            if archive.endswith(_TAR):
                tar = opened.enter_context(_tar(archive, limits))
                info = tar.getmember(member)
                inner = tar.extractfile(info) if info.isfile() else None
                size, stored = info.size, info.size if archive.endswith(".tar") else Path(archive).stat().st_size
            else:
                bundle = opened.enter_context(zipfile.ZipFile(archive))
                inner, entry = bundle.open(member), bundle.getinfo(member)
                size, stored = entry.file_size, entry.compress_size
        except KeyError:
            step = "correct the file entry's path, or fetch the archive again."
            raise RawFileError(f"the archive has no member {member!r}.", Where(file=archive), step) from None
        if inner is None:
            raise _over(archive, f"member {member} is not a plain file.")
        _check_size(name, size, stored, limits)
        return _checked(inner, name, stored, limits, opened.pop_all())


def _checked(inner: IO[bytes], name: str, stored: int, limits: ArchiveLimits, opened: ExitStack) -> BinaryIO:
    return io.BufferedReader(_Checked(inner, name, stored, limits, opened), _PIECE)


def _check_name(archive: str, member: str) -> None:
    path = PurePosixPath(member)
    if path.is_absolute() or ".." in path.parts or "\\" in member or "\0" in member or ":" in member[:2]:
        raise _over(archive, f"holds the name {member!r}, which leads out of the archive.")


def _check_size(name: str, size: int, stored: int, limits: ArchiveLimits) -> None:
    if size > limits.member_bytes:
        raise _over(name, f"inflates to more than {limits.member_bytes} bytes.")
    if size > limits.ratio_from and size > limits.ratio * max(1, stored):
        raise _over(name, f"inflates to more than {limits.ratio:g} times its stored size, as an archive bomb does.")


def _over(name: str, problem: str) -> RawFileError:
    return RawFileError(problem, Where(file=name), "do not open it unless you trust its source; " + _FETCH)


def packed(archive: str, members: Mapping[str, bytes]) -> bytes:
    """Pack members into a zip, a tar or a .tar.gz, by the archive's name; the bytes are the same on every machine.

    Nothing is compressed, because zlib versions compress differently.

    Raises:
        ValueError: The name is that of another kind of archive.
    """
    if not archive.endswith(_TAR):
        return zip_bytes(members)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    if archive.endswith(".tar"):
        return out.getvalue()
    if archive.endswith((".tar.gz", ".tgz")):
        return gzip_bytes(out.getvalue())
    raise ValueError(f"{archive}: only .zip, .tar and .tar.gz are written")


def gzip_bytes(content: bytes) -> bytes:
    """A .gz file of the content, not compressed."""
    return gzip.compress(content, compresslevel=0, mtime=0)


def zip_bytes(members: Mapping[str, bytes]) -> bytes:
    """A zip of the members, not compressed, the date and system of every member fixed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            member.create_system = 3
            archive.writestr(member, content)
    return out.getvalue()
