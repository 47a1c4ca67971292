"""What a step writes and what it leaves behind: a draft to fill, then an output with its manifest."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from pydantic import BaseModel, ConfigDict

from meds_pipeline.core import digests
from meds_pipeline.core.errors import StoreError, Where

if TYPE_CHECKING:
    from collections.abc import Iterable

Access = Literal["open", "registration", "credentialed"]
"""Who may read a text: everybody, registered users, or only people whom its owner has named."""
_ACCESS: tuple[Access, ...] = get_args(Access)


def strictest(classes: Iterable[Access]) -> Access:
    """Return the strictest of some access classes; `open` where there is none."""
    return max(classes, key=_ACCESS.index, default="open")


class InputRef(BaseModel):
    """One input of an output: where it is, and the digest of its bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asset: str
    partition: str
    fingerprint: str
    digest: str


class FileEntry(BaseModel):
    """One file of an output."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What an output is made of and what it holds; the last file a step writes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asset: str
    partition: str
    fingerprint: str
    version: str
    inputs: dict[str, InputRef]
    settings: dict[str, object]
    rows: dict[str, int]
    facts: dict[str, object]
    files: dict[str, FileEntry]
    digest: str
    access: Access
    """Strictest access class of what it is made of."""
    started_at: datetime
    seconds: float
    seal: str = ""
    """Digest over all other fields: a manifest that was edited is not accepted."""

    def sealed(self) -> Manifest:
        """Return the manifest with its seal."""
        return self.model_copy(update={"seal": self._seal()})

    @property
    def unbroken(self) -> bool:
        """Whether the manifest is unchanged since it was sealed."""
        return self.seal == self._seal()

    def _seal(self) -> str:
        return digests.fingerprint(self.model_dump(mode="json", exclude={"seal"}))

    @property
    def bytes(self) -> int:
        """Size of all files together."""
        return sum(entry.bytes for entry in self.files.values())


@dataclass(frozen=True, slots=True)
class Output:
    """An immutable output: its folder and its manifest."""

    path: Path
    manifest: Manifest

    @property
    def digest(self) -> str:
        """Digest over all files, the value behind Dagster's data version."""
        return self.manifest.digest

    @property
    def access(self) -> Access:
        """Strictest access class of what it is made of."""
        return self.manifest.access

    def ref(self) -> InputRef:
        """Return how another output names this one as its input."""
        m = self.manifest
        return InputRef(asset=m.asset, partition=m.partition, fingerprint=m.fingerprint, digest=m.digest)

    def file(self, name: str) -> Path:
        """Return the path of one file; raises StoreError when the output has none of that name."""
        if name not in self.manifest.files:
            raise StoreError(
                f"output has no file {name!r}.", Where(file=f"{self.manifest.asset}/{self.manifest.partition}")
            )
        return self.path / name


@dataclass(slots=True)
class Draft:
    """A folder into which a step writes its files, and the facts that it states about them.

    Its output has at least the access class of every input; a step that reads text from elsewhere sets `access`.
    """

    path: Path
    scratch: Path
    access: Access = "open"
    rows: dict[str, int] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)

    def file(self, name: str) -> Path:
        """Return the path to write file `name` to, its folder made."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def lineage(self, table: str) -> Path:
        """Return the path to write this output's rows of a lineage table to."""
        return self.file(f"lineage/{table}.parquet")
