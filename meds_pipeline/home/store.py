"""The store: immutable outputs under (asset, partition, fingerprint), each with a manifest written last.

Layout under `<home>`::

    store/<asset>/<partition>/<fingerprint>/   data files, lineage/<table>.parquet, manifest.json
    current/<asset>/<partition>.txt            which fingerprint is the current one
    scratch/<asset>/<partition>/<fingerprint>/ what a killed step may resume from (training checkpoints)
    locks/<asset>/<partition>.lock             one writer at a time for an (asset, partition); `.json` says who

A fingerprint covers the digests of a step's inputs, its version, its settings and the seed. An output is reused if its
manifest is valid and its files still have the digests in it; there is no other rule. Inputs are checked in the same way
before and after a step reads them, so no output is made from damaged bytes. A step writes into a temporary folder that
is renamed when its manifest is on disk, so a killed run leaves nothing that could be taken for an output.

An output "stands" if it is in the store and all its bytes are unchanged. Outputs made of credentialed text can be read
only by their owner.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import ValidationError

from meds_pipeline.core import digests
from meds_pipeline.core.errors import NotReadyError, StoreError, Where
from meds_pipeline.core.files import NAME, make_private, safe_name, write_atomic
from meds_pipeline.core.outputs import Draft, FileEntry, InputRef, Manifest, Output, strictest
from meds_pipeline.home.held import Held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from meds_pipeline.home.work import Work


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to a request for an output: the output, and whether it already stood."""

    output: Output
    reused: bool


class Store:
    """Outputs under one home folder."""

    def __init__(self, home: Path, hasher: type[digests.FileHasher] = digests.FileHasher) -> None:
        self.home = home
        self.hasher = hasher(home / "digests.sqlite")
        self._intact: dict[Path, tuple[list[object], bool]] = {}

    def materialize(self, work: Work) -> Result:
        """Return the output of some work, made now unless it already stands; see `bring_up`."""
        return self.bring_up(work.asset, work.partition, lambda: work)

    def bring_up(self, asset: str, partition: str, ask: Callable[[], Work], *, current: bool = True) -> Result:
        """Return the output of the work of an (asset, partition), made now unless it already stands.

        It becomes the current output, unless `current` is false, and is published. `ask` is called under the lock of
        the partition, so that of two runs that start together only one does the work.

        Raises:
            StoreError: Another run holds the partition for too long, or an input is damaged.
            MedsError: `ask` or the work failed; no part of an output is left behind.
        """
        with self.locked(asset, partition):
            work = ask()
            standing = self.standing(work)
            output = self._write(work) if standing is None else standing
            if current:
                self.point(output)
            # Also if the output already stood: a run may have been killed after its last rename.
            shutil.rmtree(self._scratch(work), ignore_errors=True)
            if work.publish is not None:
                work.publish(output, self.home)
        return Result(output, reused=standing is not None)

    def standing(self, work: Work) -> Output | None:
        """Return the output of some work if it stands with all its bytes, else None. Nothing is written."""
        output = work.kept or self.find(work.asset, work.partition, work.fingerprint)
        return output if output is not None and self.intact(output) else None

    def adopt(self, output: Output) -> None:
        """Let an output of another store stand in this one, by a link."""
        m = output.manifest
        link = self.home / "store" / m.asset / m.partition / m.fingerprint
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(output.path, target_is_directory=True)

    def find(self, asset: str, partition: str, mark: str) -> Output | None:
        """Return the output with this fingerprint, or None if there is none or its manifest is damaged or edited."""
        path = self.home / "store" / safe_name(asset) / safe_name(partition) / safe_name(mark)
        try:
            found = Manifest.model_validate_json((path / "manifest.json").read_bytes())
        except (OSError, ValidationError):
            return None
        named = (found.asset, found.partition, found.fingerprint) == (asset, partition, mark)
        return Output(path, found) if named and found.unbroken else None

    def input_of(self, output: Output, role: str) -> Output:
        """Return an output with the bytes that an output was made of: the current one, else the one that it names.

        Raises:
            StoreError: No output of these bytes is in the store.
        """
        ref = output.manifest.inputs[role]
        for source in self._with_bytes(ref):
            return source
        raise self._lost(output.manifest, ref)

    def _with_bytes(self, ref: InputRef) -> Iterator[Output]:
        """Yield the outputs of an (asset, partition) with the bytes of an input: current, named, others."""
        seen: set[str] = set()
        ways: tuple[Callable[[], Iterable[Output | None]], ...] = (
            lambda: [self.current(ref.asset, ref.partition)],
            lambda: [self.find(ref.asset, ref.partition, ref.fingerprint)],
            lambda: reversed(self.outputs(ref.asset, ref.partition)),
        )
        for found in ways:
            for output in found():
                if output is None or output.digest != ref.digest or output.manifest.fingerprint in seen:
                    continue
                seen.add(output.manifest.fingerprint)
                if self.intact(output):
                    yield output

    def _lost(self, m: Manifest, ref: InputRef) -> StoreError:
        there = (self.home / "store" / ref.asset / ref.partition / ref.fingerprint).is_dir()
        if ref.asset == "benchmark":
            step = "Bring the release's files back, or freeze another: `meds bench freeze NAME`."
        else:
            again = f"Materialize {ref.asset} of {ref.partition} and then {m.asset} of {m.partition} again"
            step = f"{again}; `meds run` does it."
        problem = f"its input {ref.asset}/{ref.partition} is {'damaged' if there else 'gone'}."
        return StoreError(problem, _where(m.asset, m.partition), step)

    def check(self, output: Output) -> Output:
        """Return the output if all its bytes are unchanged.

        Raises:
            StoreError: A file of the output was changed or is gone.
        """
        m = output.manifest
        if not self.intact(output):
            raise StoreError(
                "its stored files are damaged.",
                _where(m.asset, m.partition),
                f"Materialize {m.asset} of {m.partition} again; `meds run` does it.",
            )
        return output

    def outputs(self, asset: str, partition: str) -> list[Output]:
        """Return all outputs of an (asset, partition) that stand, the oldest first."""
        folder = self.home / "store" / safe_name(asset) / safe_name(partition)
        marks = (path.parent.name for path in folder.glob("[!.]*/manifest.json"))
        found = [output for mark in marks if (output := self.find(asset, partition, mark)) is not None]
        return sorted(found, key=lambda output: (output.manifest.started_at, output.manifest.fingerprint))

    def current(self, asset: str, partition: str) -> Output | None:
        """Return the current output of an (asset, partition), or None when it was never made."""
        mark = self._pointed(asset, partition)
        return self.find(asset, partition, mark) if NAME.fullmatch(mark) else None

    def last(self, asset: str, partition: str) -> Output | None:
        """Return the current output, or None when it was never made; raises StoreError when its manifest is damaged."""
        output = self.current(asset, partition)
        if output is None and self._pointer(asset, partition).is_file():
            raise StoreError(
                "its stored manifest is damaged or gone.",
                _where(asset, partition),
                f"Materialize {asset} of {partition} again; `meds run` does it.",
            )
        return output

    def require(self, asset: str, partition: str) -> Output:
        """Return the current output, or raise NotReadyError naming the step to run first."""
        output = self.current(asset, partition)
        if output is None:
            raise NotReadyError(
                f"asset {asset} has no output for {partition}.",
                _where(asset, partition),
                f"Materialize {asset} for {partition} first; `meds run` does everything in order.",
            )
        return output

    def pointers(self) -> Iterator[Output]:
        """Yield every current output, in order of (asset, partition)."""
        for pointer in sorted((self.home / "current").glob("[!.]*/[!.]*.txt")):
            output = self.current(pointer.parent.name, pointer.stem)
            if output is not None:
                yield output

    def closure(self, roots: Iterator[Output]) -> list[Output]:
        """Return the roots and everything they stand on, each once, in order of (asset, partition, fingerprint).

        If another output with the same bytes replaces an input, the manifests returned here name the replacement.

        Raises:
            StoreError: An output names an input whose bytes are no longer in the store.
        """
        resolved: dict[str, Output] = {}

        def resolve(output: Output) -> Output:
            m = output.manifest
            if m.fingerprint not in resolved:
                refs = {role: source_of(m, ref).ref() for role, ref in m.inputs.items()}
                resolved[m.fingerprint] = Output(output.path, m.model_copy(update={"inputs": refs}))
            return resolved[m.fingerprint]

        def source_of(m: Manifest, ref: InputRef) -> Output:
            error = self._lost(m, ref)
            for source in self._with_bytes(ref):
                try:
                    return resolve(source)
                except StoreError as deeper:  # what it was made of is lost; another one may be whole
                    error = deeper
            raise error

        found: dict[str, Output] = {}
        waiting = [resolve(root) for root in roots]
        while waiting:
            output = waiting.pop()
            if output.manifest.fingerprint not in found:
                found[output.manifest.fingerprint] = output
                waiting += [resolved[ref.fingerprint] for ref in output.manifest.inputs.values()]
        return sorted(found.values(), key=lambda o: (o.manifest.asset, o.manifest.partition, o.manifest.fingerprint))

    def _write(self, work: Work) -> Output:
        folder = self.home / "store" / safe_name(work.asset) / safe_name(work.partition)
        for left_over in folder.glob(".writing-*"):  # left by a killed run: we hold the lock, so no run writes it
            shutil.rmtree(left_over)
        temporary, final = folder / f".writing-{work.fingerprint}", folder / work.fingerprint
        scratch = self._scratch(work)
        folder.mkdir(parents=True, exist_ok=True)
        temporary.mkdir(0o700)
        scratch.mkdir(0o700, parents=True, exist_ok=True)
        draft = Draft(temporary, scratch)
        began, clock = datetime.now(UTC), time.perf_counter()
        try:
            self._check_inputs(work)
            if work.produce is not None:
                work.produce(draft)
            self._check_inputs(work)  # they are still the bytes that were read
            files = self._inventory(temporary)
            access = strictest([draft.access, *(output.access for output in work.inputs.values())])
            manifest = Manifest(
                asset=work.asset,
                partition=work.partition,
                fingerprint=work.fingerprint,
                version=work.version,
                inputs=work.refs,
                settings=dict(work.settings),
                rows=draft.rows,
                facts=draft.facts,
                files=files,
                digest=digests.combined({name: entry.sha256 for name, entry in files.items()}),
                access=access,
                started_at=began,
                seconds=round(time.perf_counter() - clock, 3),
            ).sealed()
            write_atomic(temporary / "manifest.json", manifest.model_dump_json(indent=1).encode())
            if access == "credentialed":
                make_private(temporary)
            else:
                temporary.chmod(folder.stat().st_mode)
            if final.exists():  # it stood but its bytes were damaged
                shutil.rmtree(final)
            temporary.replace(final)
            if access == "credentialed":
                for earlier in folder.glob("[!.]*"):  # from when its text was more open
                    make_private(earlier)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        return Output(final, manifest)

    def _check_inputs(self, work: Work) -> None:
        for output in work.inputs.values():
            self.check(output)

    def _inventory(self, folder: Path) -> dict[str, FileEntry]:
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        return {
            path.relative_to(folder).as_posix(): FileEntry(bytes=path.stat().st_size, sha256=digests.file_sha256(path))
            for path in paths
        }

    def intact(self, output: Output) -> bool:
        """Return whether every file still has the digest in the manifest.

        A file is read only if its size or times changed since it was last seen. If the hasher reads no files, the size
        of such a file is compared instead.
        """
        files = {output.path / name: entry for name, entry in output.manifest.files.items()}
        try:
            stats = {path: path.stat() for path in files}
        except OSError:
            return False
        seen: list[object] = [
            output.digest,
            *((s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino) for s in stats.values()),
        ]
        known = self._intact.get(output.path)
        if known is not None and known[0] == seen:
            return known[1]
        good = all(stats[path].st_size == entry.bytes for path, entry in files.items())
        if good:
            found = self.hasher.sha256_all(files)
            good = all(found[path] in (entry.sha256, digests.UNKNOWN) for path, entry in files.items())
        self._intact[output.path] = seen, good
        return good

    def point(self, output: Output) -> None:
        """Make an output the current one of its (asset, partition)."""
        m = output.manifest
        if self._pointed(m.asset, m.partition) != m.fingerprint:
            write_atomic(self._pointer(m.asset, m.partition), f"{m.fingerprint}\n".encode())

    def unpoint(self, asset: str, partition: str) -> None:
        """Let an (asset, partition) have no current output; its outputs stay, as others may be made from them."""
        self._pointer(asset, partition).unlink(missing_ok=True)

    def _scratch(self, work: Work) -> Path:
        return self.home / "scratch" / work.asset / work.partition / work.fingerprint

    def _pointer(self, asset: str, partition: str) -> Path:
        return self.home / "current" / safe_name(asset) / f"{safe_name(partition)}.txt"

    def _pointed(self, asset: str, partition: str) -> str:
        """Return the text of the pointer: empty if there is no pointer, any text if it is damaged."""
        pointer = self._pointer(asset, partition)
        return pointer.read_text(encoding="utf-8", errors="replace").strip() if pointer.is_file() else ""

    def locked(self, asset: str, partition: str, *, wait: bool = True) -> Held:
        """Return the lock of an (asset, partition), to be held while something is written there."""
        path = self.home / "locks" / safe_name(asset) / f"{safe_name(partition)}.lock"
        return Held(path, f"{asset}/{partition}", wait=wait)


def _where(asset: str, partition: str) -> Where:
    return Where(file=f"{asset}/{partition}")
