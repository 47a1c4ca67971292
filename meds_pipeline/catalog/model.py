"""Typed models of the catalog: what a corpus YAML may say. Unknown keys fail.

A corpus owns tasks; a distribution is one published form of it: which files, which reader, which recipe for which task.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, model_validator

from meds_pipeline.catalog.paths import compile_pattern
from meds_pipeline.catalog.published import published_tasks
from meds_pipeline.catalog.recipes import RecipeSql
from meds_pipeline.catalog.strict import Identifier, Strict
from meds_pipeline.core.errors import CatalogError

_TASK = re.compile(r"x_[a-z0-9_]{1,60}")
RESERVED_COLUMNS = (
    *("source", "source_file", "source_entry", "source_path", "source_index", "source_start", "source_length"),
)


def _task_id(value: str) -> str:
    if _TASK.fullmatch(value) is None and value not in published_tasks():
        published = f"task1 to task{len(published_tasks())} as published"
        raise ValueError(f"{value!r} is not a task id: {published}, or x_<name> for our own")
    return value


def _pattern(value: str) -> str:
    try:
        compile_pattern(value)
    except CatalogError as error:
        raise ValueError(error.problem) from error
    return value


TaskId = Annotated[str, AfterValidator(_task_id)]
Access = Literal["open", "registration", "credentialed"]
ACCESSES: tuple[Access, ...] = get_args(Access)
"""From the laxest to the strictest."""
Use = Literal["train", "both", "bench"]
Language = Literal["ca", "de", "en", "es", "fr", "ja", "ru", "sv", "zh"]
Category = Literal[
    "Clinical Outcome Prediction",
    "Diagnosis",
    "Dialogue",
    "Explanation",
    "Fact Verification",
    "Information Extraction",
    "Intent Identification",
    "Keyword Extraction",
    "Named Entity Recognition",
    "Natural Language Inference",
    "Question Answering",
    "Relation Extraction",
    "Sentence Composition Analysis",
    "Text Classification",
    "Text Completion",
    "Text Retrieval",
    "Text Summarization",
    "Translation",
    "Treatment Planning",
    "Word Relation Classification",
    "Wrong Candidate Generation",
]
Metric = Literal[
    "accuracy_choice",
    "accuracy_substring",
    "accuracy_substring_firstline",
    "accuracy_true_false",
    "accuracy_yes_no_firstchar",
    "bleu1_rougeL",
    "bleu1_rougeL_lang_tokenizer",
    "bleu1_rougeL_lowercased",
    "f1_entities_micro",
    "precision_recall_f1_multilabel_macro",
]


class RawEntry(Strict):
    """One kind of file of a distribution; its records become a view of the entry's name."""

    path: Annotated[str, AfterValidator(_pattern)]
    """Path below the distribution's folder. `{name}` matches within one path part and becomes a column, `{name:a|b}`
    matches these words only; `*` and `**` match as in a shell; `archive.zip::member` reads inside an archive."""
    reader: str
    """Name of the reader, see `meds_pipeline.readers`."""
    columns: dict[str, str] | None = None
    """Typed columns for readers of free-form records (JSON): name to DuckDB-like type."""
    required: list[str] = []
    """Columns without which a record is a fault."""
    options: dict[str, object] = {}
    """Further options of the reader."""
    companions: dict[Identifier, Annotated[str, AfterValidator(_pattern)]] = {}
    """Further files that the reader needs for each file: the reader's role for such a file, and its path. The path has
    the `{name}` parts of `path`: for example `labels/{pmid}.txt` beside `text/{pmid}.txt`."""
    optional: bool = False
    """Whether the distribution counts as present without a file of this entry (its view is then empty)."""
    records: int | None = Field(default=None, ge=1)
    """Number of records in all files of this entry at upstream. If over a fifth are missing, the corpus is blocked."""
    twin: str | None = None
    """SELECT over the invented world (`meds_pipeline.twins`) that gives the rows of the entry's synthetic twin: its
    columns, and the `{name}` parts of its path. Nothing that is made from real files depends on it."""

    @model_validator(mode="after")
    def _companions_can_be_found(self) -> RawEntry:
        captured = compile_pattern(self.path).groupindex.keys()
        for role, path in self.companions.items():
            if "*" in path or not compile_pattern(path).groupindex.keys() <= captured:
                raise ValueError(f"companion {role}: {path!r} may use the {{name}} parts of {self.path!r}, and no '*'")
        return self

    def reader_options(self) -> dict[str, Any]:
        """Return the options as the reader takes them."""
        declared: dict[str, Any] = {} if self.columns is None else {"columns": self.columns}
        if self.required:
            declared["required"] = self.required
        return {**declared, **self.options}


class Distribution(Strict):
    """One published form of a corpus."""

    folder: Identifier | None = None
    """Folder below the raw folder; None: the distribution's name. Two distributions may come in one download."""
    files: dict[Identifier, RawEntry] = Field(min_length=1)
    views: dict[Identifier, str] = {}
    """SELECTs that several recipes share, in order: a view may use the ones before it."""
    recipes: dict[TaskId, RecipeSql] = Field(min_length=1)
    """One SELECT per task; the YAML gives it whole or in the short form."""

    @model_validator(mode="after")
    def _names_differ(self) -> Distribution:
        if twice := sorted(self.files.keys() & self.views.keys()):
            raise ValueError(f"views with the name of a file entry: {', '.join(twice)}")
        return self


class Task(Strict):
    """One task: what is asked, in which words, how answers are scored, what it may be used for."""

    name: str
    category: Category
    definition: str
    """The instruction in our own words."""
    paraphrases: list[str] = []
    """Further phrasings; training draws from the definition and these."""
    metric: Metric
    use: Use
    """`train` (training only), `both` (its test split is scored), `bench` (scored, never trained on)."""
    input_language: Language = "en"
    output_language: Language = "en"
    labels: list[str] = []
    """The closed set of answers of a label task; any other answer is a quality error."""
    shots_from: TaskId | None = None
    """Task whose training split gives the few-shot examples, for a task that has no examples of its own."""

    @model_validator(mode="after")
    def _nothing_is_said_twice(self) -> Task:
        phrasings = [self.definition, *self.paraphrases]
        if len({" ".join(p.lower().split()) for p in phrasings}) < len(phrasings):
            raise ValueError("definition and paraphrases repeat one another")
        if twice := sorted({label for label in self.labels if self.labels.count(label) > 1}):
            raise ValueError(f"labels given twice: {', '.join(twice)}")
        return self


class Corpus(Strict):
    """One upstream dataset: where it comes from, its terms, its tasks and its distributions."""

    corpus: Identifier
    title: str
    about: str
    source: str
    licence: str
    access: Access
    """Access class. The catalog makes it at least as strict as that of every corpus that reads one of its folders."""
    fault_threshold: float = Field(default=0.01, ge=0, le=1)
    """Share of bad records above which the corpus is blocked."""
    tasks: dict[TaskId, Task] = Field(min_length=1)
    distributions: dict[Identifier, Distribution] = Field(min_length=1)

    @property
    def folders(self) -> list[str]:
        """Folders below the raw folder that its distributions read."""
        return [distribution.folder or name for name, distribution in self.distributions.items()]

    @model_validator(mode="after")
    def _recipes_have_tasks(self) -> Corpus:
        made = {task for distribution in self.distributions.values() for task in distribution.recipes}
        if unknown := sorted(made - set(self.tasks)):
            raise ValueError(f"recipes for tasks that are not declared: {', '.join(unknown)}")
        if unmade := sorted(set(self.tasks) - made):
            raise ValueError(f"tasks without a recipe in any distribution: {', '.join(unmade)}")
        return self
