"""The releases that were frozen in a home: one file each, outside the store, written once and never changed.

`<home>/releases/<name>.json` says which output is the release of that name. An output can be damaged or go missing.
This file shows it then, and prevents that something else is frozen under the same name.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from meds_pipeline.core.errors import StoreError, Where
from meds_pipeline.core.files import safe_name, write_atomic
from meds_pipeline.core.outputs import Access

if TYPE_CHECKING:
    from pathlib import Path

    from meds_pipeline.core.outputs import Output

_INSTANCES = "instances:"


class Release(BaseModel):
    """The facts of a release that a home keeps even if the release's files are lost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: str
    digest: str
    """Digest over its files; only the output with this digest is the release."""
    fingerprint: str
    content: str
    """Digest over all that models are shown and scored against; equal in two homes whose releases ask the same."""
    frozen_at: datetime
    access: Access
    corpora: dict[str, str]
    """The corpora it was frozen from, each with the digest of its instances."""
    items: dict[str, int]
    """Items by task."""

    @classmethod
    def of(cls, output: Output) -> Self:
        """Return the facts of a `benchmark` output."""
        m = output.manifest
        read = {role.removeprefix(_INSTANCES): ref for role, ref in m.inputs.items() if role.startswith(_INSTANCES)}
        return cls.model_validate(
            {
                "release": m.facts["release"],
                "digest": m.digest,
                "fingerprint": m.fingerprint,
                "content": m.facts["digest"],
                "frozen_at": m.started_at,
                "access": m.access,
                "corpora": {corpus: ref.digest for corpus, ref in read.items()},
                "items": m.facts["items"],
            }
        )


def releases(home: Path) -> dict[str, Release]:
    """Return all releases that were frozen in a home, by name; raises StoreError where a file cannot be read."""
    paths = sorted((home / "releases").glob("[!.]*.json"))
    return {path.stem: found for path in paths if (found := find_release(home, path.stem)) is not None}


def find_release(home: Path, name: str) -> Release | None:
    """Return the release of a name, or None if none was frozen; raises StoreError if its file cannot be read."""
    path = _path(home, name)
    try:
        found = Release.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise _unreadable(path, name) from error
    if found.release != name:
        raise _unreadable(path, name)
    return found


def register(output: Output, home: Path) -> None:
    """Note that an output is the release of its name; if the name is noted already, only compare the two.

    Raises:
        StoreError: Another output is the release of this name.
    """
    new = Release.of(output)
    path = _path(home, new.release)
    if not path.exists():
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        write_atomic(temporary, new.model_dump_json(indent=1).encode())
        try:
            os.link(temporary, path)  # unlike a rename, a link does not replace a file
            return
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    known = find_release(home, new.release)
    if known is None or known.digest != new.digest:
        raise StoreError(
            f"another release {new.release!r} is frozen already.",
            Where(file=str(path)),
            "A release is never altered: freeze this one under a new name.",
        )


def _path(home: Path, name: str) -> Path:
    return home / "releases" / f"{safe_name(name)}.json"


def _unreadable(path: Path, name: str) -> StoreError:
    return StoreError(
        f"what is noted of the release {name!r} cannot be read.",
        Where(file=str(path)),
        "Bring the file back from a copy, or freeze another release: `meds bench freeze NAME`.",
    )
