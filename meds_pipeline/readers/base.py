"""The contract every reader keeps: bytes of one raw file in, addressed records and faults out.

    reader = get_reader("jsonl")
    for unit in reader.read(raw, columns={"question": "VARCHAR"}):
        match unit:
            case Record(): ...   # unit.values in the order of reader.schema(options)
            case Fault(): ...    # unit.reason, unit.detail; the next unit still comes

What a caller can rely on:

- **Addresses.** `start` and `length` are bytes of the raw file itself (of the decompressed member, where the file
  is an archive). `raw_text` turns an address back into text. Formats without byte addresses say so in their module:
  an XLSX row has its sheet row number as `start` and length 0.
- **Index** counts bad records too, so a record keeps its index when its neighbour is repaired. -1 is the file itself.
- **Faults.** Content never makes a reader raise. A bad record is one `Fault` and the next record follows. A file
  that cannot be read at all (empty, not JSON, a broken or oversized archive), or not from some byte on, is one
  `Fault` with index -1; records found before were already given. Only wrong options raise, and at once:
  `CatalogError`.
- **Batches.** `batches` gives the same records and faults as Arrow batches with their addresses. It is faster for many
  records, above all for JSON lines and CSV (`batches.py` says how).
- **Memory** is bounded by the longest record, not the file (XLSX excepted: its sheet is held).
- **Several files, one record** (brat's .ann, a label file beside a text file): the caller opens the others and
  passes them as `companions={role: BinaryIO}`; `Reader.companions(options)` names the roles. Addresses are those
  of the main file; `raw_text` of such a reader shows the companions' part too when it is given them.
"""

from __future__ import annotations

import codecs
import difflib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from meds_pipeline.core.errors import CatalogError, RawFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pyarrow as pa

    from meds_pipeline.readers.batches import ReadBatch

MAX_RECORD_BYTES = 64 * 1024 * 1024
UTF8_BOM = codecs.BOM_UTF8


class Reason(StrEnum):
    """Short codes of what can be wrong; stored in `record_fault.reason` and counted by the interface."""

    BAD_ENCODING = "bad_encoding"
    BAD_RECORD = "bad_record"
    BAD_REFERENCE = "bad_reference"
    BAD_SPAN = "bad_span"
    EMPTY_FILE = "empty_file"
    MISSING_COLUMN = "missing_column"
    MISSING_COMPANION = "missing_companion"
    MISSING_FIELD = "missing_field"
    MISSING_TAG = "missing_tag"
    MISTYPED_FIELD = "mistyped_field"
    NO_RECORDS = "no_records"
    RAGGED = "ragged"
    TOO_LONG = "too_long"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"


class ReaderLimits(NamedTuple):
    """The limits of reading one file.

    Attributes:
        memory: Bytes, in addition to the memory of an idle process.
        seconds: Processor time for a small file.
        seconds_per_mb: Processor time for a large file, per million bytes on disk.
    """

    memory: int
    seconds: float
    seconds_per_mb: float


@dataclass(frozen=True, slots=True)
class Address:
    """Where a record is inside its raw file.

    Attributes:
        index: Position among all records of the file, bad ones counted, from 0.
        start: First byte.
        length: Bytes.
    """

    index: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Record(Address):
    """One good record; one value per column, in the order of `Reader.schema(options)`."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Fault(Address):
    """One bad record; or, with index -1, the whole file or the rest of it from some byte on.

    Attributes:
        reason: One of `Reason`, as text.
        detail: One or two sentences: what is wrong and what to do next. Never quotes the record's text.
    """

    reason: str
    detail: str


class RecordError(ValueError):
    """A record is not what its reader needs.

    Attributes:
        reason: See `Reason`.
        detail: As in `Fault`.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


def record_or_fault(index: int, start: int, length: int, values: Callable[[], tuple[Any, ...]]) -> Record | Fault:
    """A record of these values, or a fault if `values` raises `RecordError`."""
    try:
        return Record(index, start, length, values())
    except RecordError as error:
        return Fault(index, start, length, error.reason.value, error.detail)


def decoded(body: bytes, options: Options) -> str:
    """The text of a record.

    Raises:
        RecordError: The bytes are not text in the file's encoding.
    """
    try:
        return body.decode(options.encoding)
    except UnicodeDecodeError as error:
        detail = f"Byte {error.start} of it is not {options.encoding}. Set the entry's `encoding`, or repair the byte."
        raise RecordError(Reason.BAD_ENCODING, detail) from None


class Options(BaseModel):
    """Options every reader knows. Each reader adds its own; unknown ones are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoding: str = "utf-8"
    """Python codec of the text; a UTF-8 byte order mark is skipped. UTF-16 and UTF-32 are not read."""

    max_record_bytes: int = Field(default=MAX_RECORD_BYTES, gt=0)
    """Most bytes of a record; a longer one is a fault, so that one missing bracket cannot fill the memory."""

    may_be_empty: bool = False
    """Whether a file without any record is valid. A file of 0 bytes is never valid."""

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            found = codecs.lookup(value).name
            ascii_kept = "\n".encode(found) == b"\n"
        except LookupError:
            raise ValueError(f"unknown encoding {value!r}") from None
        if not ascii_kept and found != "utf-8-sig":
            raise ValueError(f"{value} does not keep ASCII bytes; convert the file to UTF-8 first")
        return "utf-8" if found == "utf-8-sig" else found


OptionsT = TypeVar("OptionsT", bound=Options)


class Reader(ABC, Generic[OptionsT]):
    """Base of all readers, which the registry returns. A subclass gives its options, its columns and its records."""

    name: ClassVar[str]
    """The name a catalog entry uses."""
    version: ClassVar[int] = 1
    """Version of the reader's results: raise it when the same file gives other records; files are then read again."""
    options_type: type[OptionsT]

    def parse(self, options: Mapping[str, Any]) -> OptionsT:
        """Validate options.

        Raises:
            CatalogError: An option is unknown or not valid; the text names it and close names.
        """
        known = list(self.options_type.model_fields)
        for key in options:
            if key not in known:
                close = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean {close[0]}?" if close else f"known options: {', '.join(known)}."
                raise CatalogError(f"reader {self.name} has no option {key!r}.", next_step=hint)
        try:
            return self.options_type.model_validate(dict(options))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "options"
            raise CatalogError(
                f"reader {self.name}, option {place}: {first['msg']}.",
                next_step="correct this option of the file entry in the corpus's YAML.",
            ) from error

    def schema(self, options: Mapping[str, Any]) -> pa.Schema:
        """Columns of `Record.values`. Validates all options, so the catalog can check itself without any file.

        Raises:
            CatalogError: An option is unknown or not valid.
        """
        return self.columns(self.parse(options))

    def companions(self, options: Mapping[str, Any]) -> tuple[str, ...]:
        """Roles of the further files this reader needs beside the main one; mostly none."""
        self.parse(options)
        return ()

    def read(
        self, raw: BinaryIO, *, companions: Mapping[str, BinaryIO] | None = None, **options: Any
    ) -> Iterator[Record | Fault]:
        """Yield the records and faults of one raw file, in file order."""
        parsed = self.parse(options)
        return _guarded(self.records(raw, parsed, companions or {}), raw, parsed)

    def batches(
        self, raw: BinaryIO, *, companions: Mapping[str, BinaryIO] | None = None, **options: Any
    ) -> Iterator[ReadBatch]:
        """Yield the records and faults of `read` as Arrow batches; this is faster for many records."""
        from meds_pipeline.readers.batches import of_file_faults

        parsed = self.parse(options)
        found = self.record_batches(raw, parsed, companions or {})
        return of_file_faults(_guarded(found, raw, parsed), self.columns(parsed))

    def raw_text(
        self,
        raw: BinaryIO,
        address: Address,
        *,
        companions: Mapping[str, BinaryIO] | None = None,
        **options: Any,
    ) -> str:
        """The text upstream wrote for one record: what `meds trace` shows."""
        return self.text_at(raw, address, self.parse(options), companions or {})

    def text_at(self, raw: BinaryIO, address: Address, options: OptionsT, companions: Mapping[str, BinaryIO]) -> str:
        """The bytes at the address, decoded; bytes that are not text in this encoding show as U+FFFD."""
        raw.seek(address.start)
        return raw.read(address.length).decode(options.encoding, errors="replace")

    @abstractmethod
    def columns(self, options: OptionsT) -> pa.Schema:
        """Columns of `Record.values` for these options."""

    @abstractmethod
    def records(self, raw: BinaryIO, options: OptionsT, companions: Mapping[str, BinaryIO]) -> Iterator[Record | Fault]:
        """Go through one file."""

    def record_batches(
        self, raw: BinaryIO, options: OptionsT, companions: Mapping[str, BinaryIO]
    ) -> Iterator[ReadBatch]:
        """Go through one file by the batch; a reader with a faster way than by the record overrides this."""
        from meds_pipeline.readers.batches import from_units

        return from_units(self.records(raw, options, companions), self.columns(options))


class Piece(NamedTuple):
    """The part of a file that one record is made from.

    Attributes:
        start: First byte.
        length: Bytes.
        content: Its bytes, or other data from which the reader gets the values; an error if it cannot be cut out.
    """

    start: int
    length: int
    content: Any


class PieceReader(Reader[OptionsT]):
    """A reader that cuts a file into pieces; each piece becomes a record, or a fault if its values cannot be read."""

    @abstractmethod
    def pieces(self, raw: BinaryIO, options: OptionsT, companions: Mapping[str, BinaryIO]) -> Iterator[Piece | Fault]:
        """Cut one file into pieces; a fault here is a fault of the whole file."""

    @abstractmethod
    def values(self, piece: Piece, options: OptionsT) -> tuple[Any, ...]:
        """Column values of one piece.

        Raises:
            RecordError: The piece is not valid.
        """

    def records(self, raw: BinaryIO, options: OptionsT, companions: Mapping[str, BinaryIO]) -> Iterator[Record | Fault]:
        """Number the pieces and read their values."""
        for index, piece in enumerate(self.pieces(raw, options, companions)):
            if isinstance(piece, Fault):
                yield piece
            elif isinstance(piece.content, RecordError):
                error = piece.content
                yield Fault(index, piece.start, piece.length, error.reason.value, error.detail)
            else:
                yield record_or_fault(index, piece.start, piece.length, partial(self.values, piece, options))


Unit = TypeVar("Unit")


def _guarded(units: Iterator[Unit], raw: BinaryIO, options: Options) -> Iterator[Unit | Fault]:
    """Add the faults that all readers share: a broken stream, and a file without records."""
    found = False
    try:
        for unit in units:
            found = True
            yield unit
    except RawFileError as error:
        yield unreadable(error)
        return
    if found:
        return
    if raw.seek(0, 2) == 0:
        yield file_fault(Reason.EMPTY_FILE, "The file is empty. Fetch it again from upstream.")
    elif not options.may_be_empty:
        detail = "The file holds no record. Check the reader and its options, or set `may_be_empty: true`."
        yield file_fault(Reason.NO_RECORDS, detail)


def file_fault(reason: Reason, detail: str) -> Fault:
    """A fault of the whole file."""
    return Fault(-1, 0, 0, reason.value, detail)


def unreadable(error: RawFileError) -> Fault:
    """A fault of a file that cannot be read at all, in the words of the error."""
    sentences = (text[:1].upper() + text[1:] for text in (error.problem, error.next_step) if text)
    return file_fault(Reason.UNREADABLE, " ".join(sentences))
