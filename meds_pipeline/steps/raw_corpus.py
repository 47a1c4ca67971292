"""Reads the raw files of a corpus: every record with its byte address, a fault for every record that is bad."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from meds_pipeline.core.errors import RawFileError, Where
from meds_pipeline.readers.registry import SHARED
from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    from meds_pipeline.core.digests import FileHasher
    from meds_pipeline.core.outputs import Draft
    from meds_pipeline.home.workspace import Workspace
    from meds_pipeline.readers.driver import ReadJob


def _needs(ws: Workspace, name: str) -> Needs:
    """The fingerprint covers the sha256 of the files, their entries in the catalog, and the versions of the readers."""
    from meds_pipeline.readers.driver import ReadJob
    from meds_pipeline.readers.registry import reader_versions

    if fault := ws.catalog.fault_of(name):
        raise fault.error
    corpus = ws.catalog.corpus(name)
    presence = ws.presence(corpus)
    if presence is None:
        raise ws.no_files(corpus)
    folder = presence.folder
    try:
        hashes = ws.store.hasher.sha256_all(folder / path for path in presence.stored)
    except OSError as error:
        where = Where(name, str(error.filename or folder))
        raise RawFileError(
            f"it cannot be read: {error.strerror}.", where, "Make it readable, then run again."
        ) from error
    sha256 = {path: hashes[folder / path] for path in presence.stored}
    entries = corpus.distributions[presence.distribution].files
    settings = {
        "distribution": presence.distribution,
        "files": sha256,
        "entries": {
            name: entry.model_dump(mode="json", exclude={"twin", "records"}) for name, entry in entries.items()
        },
        "readers": reader_versions(corpus.distributions[presence.distribution]),
        "origin": ws.origin,
        "access": corpus.access,
        "limits": list(ws.settings.reader_limits),
    }
    job = ReadJob(corpus, presence, folder, ws.origin, sha256, ws.settings.reader_limits)
    return Needs({}, settings, partial(_read, job, ws.store.hasher))


def _read(job: ReadJob, hasher: FileHasher, draft: Draft) -> None:
    """Read a corpus; raises RawFileError if a file changed after its digest was taken."""
    from meds_pipeline.readers.driver import read_corpus

    draft.access = job.corpus.access
    read_corpus(job, draft)
    now = hasher.sha256_all(job.folder / path for path in job.sha256)
    for path, digest in job.sha256.items():
        if now[job.folder / path] != digest:
            where = Where(job.corpus.corpus, path)
            raise RawFileError("the file changed while it was read.", where, "Run again when it is whole.")


STEP = Step(
    asset="raw_corpus",
    version="7",
    group="corpora",
    partitions="corpus",
    reads=(),
    about="Every record of a corpus's raw files with its byte address, and a fault row for every record that is bad.",
    kinds=frozenset({"parquet", "python"}),
    main="records/*.parquet",
    code=(*(f"readers/{module}.py" for module in SHARED), "home/presence.py", "catalog/paths.py"),
    needs=_needs,
)
