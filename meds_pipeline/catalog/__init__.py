"""What exists: corpora, their distributions, tasks and recipes, as data."""

from meds_pipeline.catalog.loader import Catalog, load_catalog, load_corpus
from meds_pipeline.catalog.model import Corpus, Distribution, RawEntry, Task

__all__ = ["Catalog", "Corpus", "Distribution", "RawEntry", "Task", "load_catalog", "load_corpus"]
