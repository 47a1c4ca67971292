"""Reads the catalog: one YAML file per corpus, checked against the models; errors name file and line.

Sources, in order: this package's `catalog/corpora`, the folders a home names (`catalog.extra`, `<home>/catalog`), and
those that installed packages offer under the entry-point group `meds_pipeline.catalog` (a callable returning a path).
An error in one file, folder or package does not stop the others. It is kept as a fault of the catalog, and is raised
when somebody asks for its corpus.
"""

from __future__ import annotations

import difflib
import re
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from meds_pipeline.catalog.each import written_out
from meds_pipeline.catalog.located import MAX_CHARACTERS, read_yaml
from meds_pipeline.catalog.model import ACCESSES, Corpus, Distribution, Task
from meds_pipeline.catalog.published import published_tasks
from meds_pipeline.catalog.refusal import refusal
from meds_pipeline.core.errors import CatalogError, UnknownNameError, Where

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from meds_pipeline.catalog.located import Located
    from meds_pipeline.catalog.model import Access, RawEntry

    CheckEntry = Callable[[str, str, RawEntry], object]
    """Takes corpus, name and content of a file entry; raises CatalogError where no reader takes it."""

ENTRY_POINTS = "meds_pipeline.catalog"
_SUFFIXES = (".yaml", ".yml")
_WORD = re.compile(r"[\w.-]+")


@dataclass(frozen=True)
class CatalogFault:
    """A corpus file that cannot be used, or a folder or package whose corpus files cannot be read.

    Attributes:
        corpus: The corpus; None for the fault of a folder or a package.
        error: Where, what is wrong, and the next step.
        said: The content of the file, as far as it can be read.
        words: All words of a file that is not valid YAML. A folder whose name is among them counts as credentialed,
            because the file may have said so.
    """

    corpus: str | None
    error: CatalogError
    said: Mapping[str, Any] = field(default_factory=dict, repr=False)
    words: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def tasks(self) -> set[str]:
        """Tasks that the file declares."""
        return {str(task_id) for task_id in _mapping(self.said.get("tasks"))}

    @property
    def folders(self) -> list[str]:
        """Folders below the raw folder that the file names."""
        distributions = _mapping(self.said.get("distributions")).items()
        return [str(_mapping(distribution).get("folder", name)) for name, distribution in distributions]


@dataclass(frozen=True)
class Catalog:
    """All known corpora by name, and the faults of the catalog."""

    corpora: Mapping[str, Corpus]
    faults: tuple[CatalogFault, ...] = ()

    def corpus(self, name: str) -> Corpus:
        """Return a corpus.

        Raises:
            CatalogError: The file of the corpus is faulty.
            UnknownNameError: No corpus has this name. The text gives close names; for the name of a distribution, it
                gives the corpus.
        """
        if name in self.corpora:
            return self.corpora[name]
        if fault := self.fault_of(name):
            raise fault.error
        owners = [c.corpus for c in self.corpora.values() if name in (*c.distributions, *c.folders)]
        if owners:
            problem = f"{name!r} is no corpus but a form of {' and '.join(owners)}."
            raise UnknownNameError(problem, next_step=f"Name the corpus: {' or '.join(owners)}.")
        close = difflib.get_close_matches(name, self.corpora, n=3)
        hint = f"Did you mean {' or '.join(close)}?" if close else "`meds corpora` lists all."
        if away := [fault for fault in self.faults if fault.corpus is None]:
            hint += f" It may be in what could not be read: {away[0].error}"
        raise UnknownNameError(f"there is no corpus {name!r} in the catalog.", next_step=hint)

    def fault_of(self, name: str) -> CatalogFault | None:
        """Return what is wrong with the file of a corpus, or None."""
        return next((fault for fault in self.faults if fault.corpus == name), None)

    def with_kept(self, kept: Iterable[Corpus]) -> Catalog:
        """Return the catalog with earlier definitions of faulty corpora.

        An earlier definition is left out if another corpus now has one of its tasks or distributions.
        """
        tasks, names = set(self.tasks), set(self.distributions)
        free = {c.corpus: c for c in kept if not tasks & c.tasks.keys() and not names & c.distributions.keys()}
        return Catalog(dict(sorted({**free, **self.corpora}.items())), self.faults)

    @cached_property
    def tasks(self) -> Mapping[str, tuple[Corpus, Task]]:
        """Every task with the corpus it belongs to, by task id."""
        return {task_id: (corpus, task) for corpus in self.corpora.values() for task_id, task in corpus.tasks.items()}

    @cached_property
    def distributions(self) -> Mapping[str, tuple[Corpus, Distribution]]:
        """Every distribution with its corpus, by the name of the distribution."""
        return {name: (corpus, d) for corpus in self.corpora.values() for name, d in corpus.distributions.items()}

    @property
    def folders(self) -> list[str]:
        """Folders below the raw folder that any distribution reads."""
        return sorted({folder for corpus in self.corpora.values() for folder in corpus.folders})


def load_catalog(extra: Iterable[Path] = (), check_entry: CheckEntry | None = None) -> Catalog:
    """Load and check every corpus YAML; an error in one becomes a fault in the result and does not stop the others.

    Args:
        extra: Further folders of corpus YAMLs.
        check_entry: Says whether a reader takes a file entry; the catalog itself knows no readers.
    """
    faults: list[CatalogFault] = []
    good: dict[str, tuple[Located, Corpus]] = {}
    owners: dict[str, Path] = {}
    for path in _yaml_files(extra, faults):
        said: Mapping[str, Any] = {}
        try:
            file = read_yaml(path)
            said = _mapping(file.data)
            corpus = _corpus(file, check_entry)
            _claim_names(file, corpus, owners)
            good[corpus.corpus] = file, corpus
        except CatalogError as error:
            words = frozenset() if said else _words(path)
            faults.append(CatalogFault(str(said.get("corpus", path.stem)), error, said, words))
    declared = {task_id for _, corpus in good.values() for task_id in corpus.tasks}
    declared |= {task_id for fault in faults for task_id in fault.tasks}
    for name, (file, corpus) in sorted(good.items()):
        if refused := _without_examples(file, corpus, declared):
            faults.append(CatalogFault(name, refused, file.data))
            del good[name]
    corpora = [corpus for _, corpus in good.values()]
    access = _access_of_folders(corpora, faults)
    return Catalog({c.corpus: _as_strict_as(c, access) for c in sorted(corpora, key=lambda c: c.corpus)}, tuple(faults))


def load_corpus(path: Path, check_entry: CheckEntry | None = None) -> Corpus:
    """Load one corpus YAML; raises CatalogError with the line of the first problem."""
    return _corpus(read_yaml(path), check_entry)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _corpus(file: Located, check_entry: CheckEntry | None) -> Corpus:
    if not isinstance(file.data, dict):
        problem = f"a corpus is a mapping of keys to values, and this is {_kind(file.data)}."
        raise file.error((), problem, "`meds corpus new NAME` writes a file to start from.")
    data, keys = written_out(file)
    data = _with_published(file, data)
    try:
        corpus = Corpus.model_validate(data)
    except ValidationError as error:
        raise refusal(file, error, keys) from error
    if check_entry is not None:
        _check_entries(file, corpus, check_entry)
    return corpus


def _kind(value: object) -> str:
    return "an empty file" if value is None else "a list" if isinstance(value, list) else "a single value"


def _with_published(file: Located, data: dict[str, Any]) -> dict[str, Any]:
    """Return a corpus in which the facts that it leaves out of its published tasks are filled in."""
    tasks = dict(_mapping(data.get("tasks")))
    for task_id, own in tasks.items():
        published = published_tasks().get(task_id)
        if published is None or not isinstance(own, dict):
            continue
        mend = "Give a task of your own an id x_<name>."
        if not published.released:
            raise file.error(("tasks", task_id), "no task was ever published under this id.", mend)
        if published.corpus != data.get("corpus"):
            raise file.error(("tasks", task_id), f"this task belongs to the corpus {published.corpus}.", mend)
        tasks[task_id] = {**published.facts(), **own}
    return {**data, "tasks": tasks} if tasks else data


def _check_entries(file: Located, corpus: Corpus, check_entry: CheckEntry) -> None:
    """Ask the reader of every entry whether it takes what the entry says."""
    for name, distribution in corpus.distributions.items():
        for entry, spec in distribution.files.items():
            try:
                check_entry(corpus.corpus, entry, spec)
            except CatalogError as error:
                raise file.error(("distributions", name, "files", entry), error.problem, error.next_step) from error


def _claim_names(file: Located, corpus: Corpus, owners: dict[str, Path]) -> None:
    """Record the file as owner of the names of its corpus; refuse it if an earlier file owns one of them."""
    kinds = {"corpus": [corpus.corpus], "task": corpus.tasks, "distribution": corpus.distributions}
    wanted = [f"{kind} {name}" for kind, names in kinds.items() for name in names]
    for name in wanted:
        if other := owners.get(name):
            raise CatalogError(
                f"{name} is declared in {other} too.",
                Where(corpus.corpus, str(file.path)),
                "Keep it in one file, or give it another name.",
            )
    owners.update(dict.fromkeys(wanted, file.path))


def _without_examples(file: Located, corpus: Corpus, declared: set[str]) -> CatalogError | None:
    """Return the error of a task whose examples come from a task that no file declares."""
    for task_id, task in corpus.tasks.items():
        if task.shots_from is not None and task.shots_from not in declared:
            problem = f"no corpus has the task {task.shots_from}."
            mend = "Name a task with a training split, or leave it out."
            return file.error(("tasks", task_id, "shots_from"), problem, mend)
    return None


def _access_of_folders(corpora: Collection[Corpus], faults: Collection[CatalogFault]) -> dict[str, Access]:
    """Return the strictest access that the corpus files, faulty ones included, give each folder below the raw folder.

    The access in a file that is not valid YAML is unknown, so every folder that the file names counts as credentialed.
    """
    words = frozenset[str]().union(*(fault.words for fault in faults))
    found: dict[str, Access] = {folder: "credentialed" for c in corpora for folder in c.folders if folder in words}
    said = [(corpus.access, corpus.folders) for corpus in corpora]
    said += [(access, fault.folders) for fault in faults if (access := fault.said.get("access")) in ACCESSES]
    for access, folders in said:
        for folder in folders:
            found[folder] = max(found.get(folder, access), access, key=ACCESSES.index)
    return found


def _words(path: Path) -> frozenset[str]:
    """Return the words of a file (of a large file only the words at its start) and its name."""
    text = b""
    with suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                text = file.read(MAX_CHARACTERS)
    return frozenset(_WORD.findall(text.decode(errors="replace"))) | {path.stem}


def _as_strict_as(corpus: Corpus, access: Mapping[str, Access]) -> Corpus:
    """Return a corpus with the strictest access of its folders, so that a second corpus cannot open their files."""
    strictest = max((access[folder] for folder in corpus.folders), key=ACCESSES.index)
    return corpus if strictest == corpus.access else corpus.model_copy(update={"access": strictest})


def _yaml_files(extra: Iterable[Path], faults: list[CatalogFault]) -> Iterator[Path]:
    """Yield the corpus files of all sources; a source that cannot be read becomes a fault."""
    folders = [Path(str(resources.files("meds_pipeline.catalog") / "corpora")), *extra]
    for point in metadata.entry_points(group=ENTRY_POINTS):
        try:
            folders.append(_offered(point))
        except CatalogError as error:
            faults.append(CatalogFault(None, error))
    for folder in folders:
        try:
            paths = sorted(folder.iterdir())
        except OSError as error:
            problem = f"the catalog folder cannot be read: {error.strerror}."
            faults.append(
                CatalogFault(
                    None, CatalogError(problem, Where(file=str(folder)), "Mend `catalog.extra` or the folder.")
                )
            )
            continue
        yield from (path for path in paths if path.suffix in _SUFFIXES)


def _offered(point: metadata.EntryPoint) -> Path:
    """Return the folder that an installed package offers."""
    package = point.dist.name if point.dist else "its package"
    try:
        folder = Path(point.load()())
        problem = "" if folder.is_dir() else f"{folder} is not a folder"
    except Exception as error:  # foreign code may raise anything; no error of it may end every command
        problem = f"{type(error).__name__}: {error}"
    if problem:
        raise CatalogError(
            f"entry point {point.name!r} ({point.value}) of the package {package} offers no catalog folder: {problem}.",
            next_step=f"Mend {package}, or uninstall it.",
        )
    return folder
