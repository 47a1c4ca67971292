"""Twin of Evidence Inference 2.0: trial reports, prompts on them, and what annotators found where.

Format: CSV with line breaks inside quoted cells; several annotations a prompt, some not accepted and some at odds with
each other; one of the labels spelled in two ways; offsets are characters of the article's text. Split files list the
numbers of articles, with CR LF between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from meds_pipeline.twins import words
from meds_pipeline.twins.draw import Draw
from meds_pipeline.twins.formats import table
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = {"train": 1 / 20, "validation": 1 / 100, "test": 1 / 60}
FIRST = {"train": 9_500_001, "validation": 9_600_001, "test": 9_700_001}
PROMPTS_AN_ARTICLE = 3
FAULTS = 2
LABELS = {
    1: ("significantly increased", "significantly increase"),
    -1: ("significantly decreased",),
    0: ("no significant difference",),
}
RESULTS = {
    1: "{Outcome} was significantly more frequent with {arm} than with {control} (P = 0.0{n}).",
    -1: "{Outcome} was significantly less frequent with {arm} than with {control} (P = 0.0{n}).",
    0: "{Outcome} did not differ between {arm} and {control} (P = 0.{n}).",
}
HEAD_PROMPTS = ("PromptID", "PMCID", "Outcome", "Intervention", "Comparator")
HEAD_ANNOTATIONS = (
    *("UserID", "PromptID", "PMCID", "Valid Label", "Valid Reasoning", "Label", "Annotations", "Label Code"),
    *("In Abstract", "Evidence Start", "Evidence End"),
)


@dataclass(frozen=True, slots=True)
class Article:
    """One trial report, its prompts and annotations as rows."""

    number: str
    text: str
    prompts: tuple[tuple[str, ...], ...]
    annotations: tuple[tuple[str, ...], ...]


@twin("evidence_inference")
def evidence_inference(order: TwinOrder) -> Iterator[TwinFile]:
    """Write train (a twentieth of `records` articles), validation and test; three prompts an article."""
    prompts: list[tuple[str, ...]] = []
    annotations: list[tuple[str, ...]] = []
    for part, share in PARTS.items():
        articles = [_article(order.seed, part, index) for index in range(order.share(share))]
        for article in articles:
            prompts += article.prompts
            annotations += article.annotations
            yield TwinFile(f"annotations/txt_files/PMC{article.number}.txt", article.text.encode())
        numbers = "\r\n".join(article.number for article in articles)
        yield TwinFile(f"annotations/splits/{part}_article_ids.txt", numbers.encode())
    if order.faults:
        annotations[FAULTS:FAULTS] = [
            ("0", "1", "9500001", "perhaps", "True", "none", "x", "0", "UNK", "0", "1"),
            ("0",),
        ]
    yield TwinFile("annotations/prompts_merged.csv", table([HEAD_PROMPTS, *prompts]).encode())
    yield TwinFile("annotations/v2_annotations.csv", table([HEAD_ANNOTATIONS, *annotations]).encode())


def _article(seed: int, part: str, index: int) -> Article:
    draw = Draw(seed, "evidence_inference", part, index)
    number = str(FIRST[part] + index)
    arm, control = draw.pick(words.DRUGS), draw.pick(("placebo", "standard care"))
    outcomes = draw.order(words.OUTCOMES)[:PROMPTS_AN_ARTICLE]
    codes = [draw.pick((1, 0, -1)) for _ in outcomes]
    found = [
        RESULTS[code].format(Outcome=words.sentence_case(o), arm=arm, control=control, n=draw.between(11, 49))
        for o, code in zip(outcomes, codes, strict=True)
    ]
    rows = [
        f"{words.sentence_case(outcome)}\n{draw.between(10, 90)}/200\n{draw.between(10, 90)}/200\n"
        for outcome in outcomes
    ]
    head = f"TITLE: \n{words.sentence_case(arm)} in {draw.pick(words.CONDITIONS)} – a trial\n\n\n\nRESULTS:\n"
    text = f"{head}{' '.join(found)}\n\n{''.join(rows)}\nCONCLUSION:\nMore trials are needed.\n"
    prompts, annotations = [], []
    for place, (outcome, code) in enumerate(zip(outcomes, codes, strict=True)):
        prompt = f"{number[-6:]}{place}"
        prompts.append((prompt, number, f" {outcome} ", arm, control))
        label = draw.pick(LABELS[code])
        for user, quote in ((0, found[place]), (3, rows[place])):
            start = text.index(quote)
            span = str(start), str(start + len(quote))
            annotations.append((str(user), prompt, number, "True", "True", label, quote, str(code), "UNK", *span))
        if draw.chance(0.3):  # another label: refused by the verifiers, or accepted and then at odds with the first
            accepted = str(draw.chance(0.3))
            other = 0 if code else 1
            row = (
                "7",
                prompt,
                number,
                accepted,
                accepted,
                LABELS[other][0],
                head,
                str(other),
                "UNK",
                "0",
                str(len(head)),
            )
            annotations.append(row)
    return Article(number, text, tuple(prompts), tuple(annotations))
