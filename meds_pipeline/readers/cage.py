"""Reads files in a separate process, so that a file that kills a reader, or is read for ever, costs only that file.

    with reading(entry, folder, files, limits, lost) as found:
        for number, file in enumerate(files):
            for batch in found.batches(number): ...

Parsers in C and Rust end the whole process if an allocation fails, so no exception can limit them. The process reads
one file after the other and streams their batches. When it dies on a file, that file is one fault and has no records,
and a new process continues with the next file. A process that finished its request is kept for the next files.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import pickle
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, cast

import pyarrow as pa

from meds_pipeline.catalog.paths import stored
from meds_pipeline.core.errors import RawFileError, Where
from meds_pipeline.readers.base import Fault, Reason, file_fault
from meds_pipeline.readers.batches import ADDRESS, ReadBatch, of_file_faults
from meds_pipeline.readers.caged import BROKEN, OUT_OF_MEMORY, CagedFile, Request, waiting
from meds_pipeline.readers.registry import get_reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from meds_pipeline.catalog.model import RawEntry
    from meds_pipeline.catalog.paths import RawFile
    from meds_pipeline.readers.base import ReaderLimits

_log = logging.getLogger(__name__)
_COMMAND = (sys.executable, "-P", "-m", "meds_pipeline.readers.caged")
_PIPE_BYTES = 1 << 20
_OWN = {signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV, signal.SIGTRAP}
"""Signals by which a process ends itself. Any other comes from outside, for example from a system short of memory."""
_idle: list[subprocess.Popen[bytes]] = []
os.register_at_fork(after_in_child=_idle.clear)


class HalfReadError(Exception):
    """A reader died on a file after it gave batches of it, so the output of the whole entry has to be made again."""


@contextmanager
def reading(
    entry: RawEntry, folder: Path, files: Sequence[RawFile], limits: ReaderLimits, lost: dict[int, Fault]
) -> Iterator[Caged]:
    """Read files of an entry in a process of its own.

    Args:
        entry: How to read them.
        folder: Folder to which the paths are relative.
        files: The files, in the order in which their batches will be asked for.
        limits: Limits of reading each file.
        lost: Faults, by number of the file, of files on which a reader died after it gave batches. These files are not
            read again; before `HalfReadError` is raised, the file is added here. Once `lost` has a file, every file is
            read to its end before batches of it are given. So all files are read at most twice, even if many are lost.
    """
    caged = Caged(entry, folder, files, limits, lost)
    try:
        yield caged
    finally:
        caged.close()


class Caged:
    """Some files of an entry, and the process that reads them."""

    def __init__(
        self, entry: RawEntry, folder: Path, files: Sequence[RawFile], limits: ReaderLimits, lost: dict[int, Fault]
    ) -> None:
        self._entry, self._folder, self._files, self._limits, self._lost = entry, folder, files, limits, lost
        self._columns = get_reader(entry.reader).schema(entry.reader_options())
        self._wire = pa.schema([*ADDRESS, *self._columns])
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting = 0

    def batches(self, number: int) -> Iterator[ReadBatch]:
        """Yield the batches of a file, as the process sends them.

        Raises:
            HalfReadError: The reader of the file died after it gave batches.
            RawFileError: The reader was ended from outside, which says nothing about the file.
        """
        if fault := self._lost.get(number):
            yield from self._of(fault)
            return
        process = self._process = self._process or self._asked(number)
        answers = cast("IO[bytes]", process.stdout)
        given, broken = False, ""
        while (line := answers.readline()).endswith(b"\n"):
            said = json.loads(line)
            if not said:
                self._waiting -= 1
                if not self._waiting:
                    _idle.append(process)
                    self._process = None
                return
            if "broken" in said:
                broken = said["broken"]
                continue
            message = answers.read(said["size"])
            if len(message) < said["size"]:
                break
            given = True
            yield self._batch(message, said["faults"])
        self._process = None
        fault = self._death(process, self._files[number], broken)
        if given:
            self._lost[number] = fault
            raise HalfReadError
        yield from self._of(fault)

    def close(self) -> None:
        """End the process if it has not finished its request."""
        if self._process:
            self._process.kill()
            _ended(self._process)

    def _asked(self, number: int) -> subprocess.Popen[bytes]:
        """Ask a process for the files from `number` on."""
        left = [file for place, file in enumerate(self._files) if place >= number and place not in self._lost]
        files = tuple(CagedFile(file.path, file.companions, self._seconds(file)) for file in left)
        entry, limits = self._entry, self._limits
        options = entry.reader_options()
        request = Request(self._folder, entry.reader, options, limits.memory, bool(self._lost), files)
        self._waiting = len(files)
        process = _ready()
        asked = cast("IO[bytes]", process.stdin)
        with suppress(BrokenPipeError):  # it died: the first answer will be missing
            pickle.dump(request, asked)
            asked.flush()
        return process

    def _seconds(self, file: RawFile) -> float:
        paths = {stored(path) for path in (file.path, *file.companions.values())}
        size = sum((self._folder / path).stat().st_size for path in paths if (self._folder / path).exists())
        return max(self._limits.seconds, self._limits.seconds_per_mb * size / 1e6)

    def _batch(self, message: bytes, faults: list[list[object]]) -> ReadBatch:
        columns = pa.ipc.read_record_batch(pa.py_buffer(message), self._wire).columns
        addresses, records = columns[: len(ADDRESS)], columns[len(ADDRESS) :]
        return ReadBatch(
            pa.RecordBatch.from_arrays(addresses, schema=ADDRESS),
            pa.RecordBatch.from_arrays(records, schema=self._columns),
            [Fault(*fault) for fault in faults],  # type: ignore[arg-type]  # as JSON has them
        )

    def _of(self, fault: Fault) -> Iterator[ReadBatch]:
        return of_file_faults(iter([fault]), self._columns)

    def _death(self, process: subprocess.Popen[bytes], file: RawFile, broken: str) -> Fault:
        """Return the fault of a file on which a reader died."""
        code = _ended(process)
        seconds = self._seconds(file)
        damaged = "Fetch the file again, or take it away; if it is whole,"
        if code == -signal.SIGPROF:
            detail = f"It was not read in {seconds:g} s of processor time. {damaged} raise `reader_seconds`."
        elif code == OUT_OF_MEMORY:
            detail = f"Its reader asks for more than {self._limits.memory} bytes. {damaged} raise `reader_memory`."
        elif code == BROKEN:
            detail = f"Its reader failed unexpectedly ({broken}). {damaged} report it."
        elif -code in _OWN:
            ending = signal.Signals(-code).name
            detail = f"It ended its reader ({ending}): most often it needs too much. {damaged} raise `reader_memory`."
        else:
            raise _ended_from_outside(f"{self._folder.name}/{file.path}", code, waiting(seconds))
        _log.warning("%s/%s: %s", self._folder.name, file.path, detail)
        return file_fault(Reason.UNREADABLE, detail)


def _ended_from_outside(path: str, code: int, limit: float) -> RawFileError:
    """Return the error for a reader that ended because of the machine and not because of the file."""
    if code == -signal.SIGALRM:
        return RawFileError(f"it was not read in {limit:g} s.", Where(file=path), "Look at its disk, then run again.")
    ending = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    problem = f"its reader was ended from outside ({ending})."
    return RawFileError(problem, Where(file=path), "Run again; if it happens again, give the machine more memory.")


def _ready() -> subprocess.Popen[bytes]:
    """Return a process that waits for work."""
    while _idle:
        process = _idle.pop()
        if process.poll() is None:
            return process
        _ended(process)
    pipe = subprocess.PIPE
    return subprocess.Popen(  # noqa: S603 - our own module
        _COMMAND, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, pipesize=_PIPE_BYTES
    )


def _ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process that ends; return its code."""
    with process:
        return process.wait()


@atexit.register
def _end_idle() -> None:
    while _idle:
        process = _idle.pop()
        process.kill()
        _ended(process)
