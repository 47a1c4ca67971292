"""The process in which files are read: `python -m meds_pipeline.readers.caged`, started by `cage.py`.

It takes pickled requests on stdin and answers on stdout, file by file. For each batch it writes a JSON line with the
faults and the size of the next part, which is the batch as an Arrow message; after the last batch it writes an empty
object. Each file has its own limits of memory and processor time. If the process dies, the parent sees how it ended.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import sys
import traceback
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa

from meds_pipeline.core.errors import RawFileError
from meds_pipeline.readers.base import unreadable
from meds_pipeline.readers.batches import ADDRESS, of_file_faults
from meds_pipeline.readers.opening import opened
from meds_pipeline.readers.registry import get_reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from meds_pipeline.readers.batches import ReadBatch

OUT_OF_MEMORY, BROKEN = 80, 81
"""Exit codes: a reader did not get the memory that it asked for, or raised an unexpected error."""


@dataclass(frozen=True, slots=True)
class CagedFile:
    """One file to read, its companions by role, and the seconds of processor time that the reading may take."""

    path: str
    companions: Mapping[str, str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Request:
    """Files to read.

    Attributes:
        folder: Folder to which the paths are relative.
        reader: Name of the reader.
        options: Its options.
        memory: Bytes that reading a file may take.
        rehearse: Read every file to its end before any batch of it is given.
        files: The files, in order.
    """

    folder: Path
    reader: str
    options: Mapping[str, Any]
    memory: int
    rehearse: bool
    files: tuple[CagedFile, ...]


def main() -> None:
    """Serve one request after the other until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    with os.fdopen(os.dup(1), "wb") as out, suppress(EOFError):
        os.dup2(2, 1)  # text that a reader prints must not mix with the answers
        while True:
            request: Request = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one
            wire = pa.schema([*ADDRESS, *get_reader(request.reader).schema(request.options)])
            for file in request.files:
                _serve(request, file, wire, out)


def _serve(request: Request, file: CagedFile, wire: pa.Schema, out: IO[bytes]) -> None:
    try:
        if request.rehearse:
            _bound(request.memory, file.seconds)
            for _ in _read(request, file):
                pass
        _bound(request.memory, file.seconds)
        for batch in _read(request, file):
            columns = [*batch.addresses.columns, *batch.records.columns]
            message = pa.RecordBatch.from_arrays(columns, schema=wire).serialize()
            _say(out, size=len(message), faults=[astuple(fault) for fault in batch.faults])
            out.write(message)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BrokenPipeError:
        os._exit(0)
    except BaseException as error:  # a reader's bug must not cost the other files; a panic in Rust is no Exception
        at = traceback.extract_tb(error.__traceback__)[-1]
        _say(out, broken=f"{type(error).__name__} in {Path(at.filename).name}, line {at.lineno}")
        out.flush()
        os._exit(BROKEN)
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    _say(out)
    out.flush()


def _say(out: IO[bytes], **words: Any) -> None:
    out.write(json.dumps(words).encode() + b"\n")


def _read(request: Request, file: CagedFile) -> Iterator[ReadBatch]:
    reader = get_reader(request.reader)
    try:
        with opened(request.folder, file.path, file.companions) as files:
            yield from reader.batches(files.raw, companions=files.companions, **request.options)
    except RawFileError as error:
        yield from of_file_faults(iter([unreadable(error)]), reader.schema(request.options))


def waiting(seconds: float) -> float:
    """Return the clock time that reading a file may take: more than its processor time, as the machine may be busy."""
    return 600 + 10 * seconds


def _bound(memory: int, seconds: float) -> None:
    """Set the system's limits on this process: processor time, time by the clock, and memory."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, waiting(seconds))
    if sys.platform == "linux":
        import resource

        held = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (held + memory, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
