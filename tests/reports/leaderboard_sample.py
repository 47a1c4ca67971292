"""A small leaderboard with everything on it: two scorers, a tie, an incomparable metric, a missing score."""

from __future__ import annotations

import hashlib

from meds_pipeline.reports.board.model import (
    AnswerCard,
    Example,
    Fact,
    LeaderboardData,
    ModelCard,
    OutcomeCount,
    Points,
    ReleaseCard,
    ScoreRow,
    StaleCorpus,
    TaskCard,
)
from meds_pipeline.scoring.stats.compare import Comparison

NO_PUNKT = "sentence tokenizer data (punkt_tab) is not installed, so BLEU-1 is computed on plain word splits."


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


MODELS = (
    ModelCard(
        "tiny-tuned",
        "tuned",
        "Llama architecture made here and fine-tuned on the training set.",
        "tiny",
        digest("training set"),
        digest("tuned"),
        (Fact("Parameters", "3.3 M"), Fact("Steps", "420"), Fact("Tokens seen", "612,000"), Fact("Final loss", "1.21")),
    ),
    ModelCard(
        "tiny-untuned",
        "untuned",
        "The same architecture with its first random weights.",
        None,
        None,
        digest("untuned"),
        (Fact("Parameters", "3.3 M"),),
    ),
    ModelCard("majority", "baseline", "Always gives the most frequent answer of the shot pool."),
)
TASKS = (
    TaskCard(
        "task123", "PubMedQA, yes, no or maybe", "MCQA", "pubmedqa", "Answer a closed question on an abstract.", 100
    ),
    TaskCard("task126", "BC5-Chem", "NER", "bc5cdr", "List the chemicals that a sentence names.", 100),
    TaskCard("task127", "BC5-Disease", "NER", "bc5cdr", "List the diseases that a sentence names.", 100),
    TaskCard(
        "task12", "PubMedQA, right answer?", "Fact Verification", "pubmedqa", "Say whether an answer is right.", 60
    ),
    TaskCard("task114", "MeQSum", "Text Summarization", "meqsum", "Sum up a consumer's question.", 40),
)
VALUES: dict[tuple[str, str, str], tuple[float | None, ...]] = {
    ("task", "task123", "accuracy"): (79.0, 0.0, 52.0),
    ("task", "task126", "f1"): (61.27, 0.4, 14.0),
    ("task", "task127", "f1"): (55.81, 0.0, 12.5),
    ("task", "task12", "accuracy"): (56.7, 1.7, 51.7),
    ("task", "task114", "bleu1"): (48.4, 2.1, 11.0),
    ("task", "task114", "rougeL"): (51.9, 1.3, None),
    ("category", "MCQA", "accuracy"): (79.0, 0.0, 52.0),
    ("category", "NER", "f1"): (58.54, 0.2, 13.25),
    ("category", "Fact Verification", "accuracy"): (56.7, 1.7, 51.7),
    ("category", "Text Summarization", "bleu1"): (48.4, 2.1, 11.0),
    ("category", "Text Summarization", "rougeL"): (51.9, 1.3, None),
}


def score_rows() -> tuple[ScoreRow, ...]:
    rows = []
    for scorer, shift in (("official", 0.0), ("corrected", 1.25)):
        for (level, name, metric), values in VALUES.items():
            for model, value in zip(MODELS, values, strict=True):
                if value is None:
                    continue
                figure = min(100.0, value + shift)
                width = 2.0 + 1.9 * (figure * (100 - figure) / 100) ** 0.5
                bleu = metric == "bleu1"
                rows.append(
                    ScoreRow(
                        model.name,
                        scorer,
                        level,
                        name,
                        metric,
                        figure,
                        max(0.0, figure - width),
                        min(100.0, figure + width),
                        100,
                        not bleu,
                        NO_PUNKT if bleu else "",
                        digest(f"{scorer}{name}{metric}{model.name}")[:32],
                    )
                )
    return tuple(rows)


PROMPT = """Input:
Context: Evidence on group education in cirrhosis is sparse. In a pilot trial, 264 veterans with cirrhosis received \
group education or usual care for 10 weeks. Wound infection was similar in both groups (31% versus 30%).
Question: Does group education reduce wound infection in veterans with cirrhosis?
Output:
"""


def points(outcome: str, value: float | None, scorer: str = "official") -> Points:
    return Points(scorer, "accuracy", outcome, value)


EXAMPLES = (
    Example(
        digest("item one"),
        "task123",
        PROMPT,
        ("no",),
        (
            AnswerCard("tiny-tuned", "no", (points("correct", 1.0), points("correct", 1.0, "corrected"))),
            AnswerCard("tiny-untuned", "", (points("empty", None), points("empty", 0.0, "corrected"))),
            AnswerCard("majority", "yes", (points("wrong", 0.0), points("partly", 0.5, "corrected"))),
        ),
    ),
    Example(
        digest("item two"),
        "task123",
        PROMPT.replace("similar in both groups", "halved"),
        ("yes",),
        (AnswerCard("tiny-tuned", "maybe", (points("wrong", 0.0),)),),
        "source changed",
    ),
    Example(
        digest("item three"),
        "task126",
        PROMPT,
        ("zinc",),
        (AnswerCard("tiny-tuned", "zinc, iron", (Points("official", "f1", "partly", None, 0.4321),)),),
    ),
)
COMPARISONS = (
    Comparison(
        "official", "task", "task123", "accuracy", "tiny-tuned", "majority", 27.0, 15.1, 38.4, 0.0002, 0.0006, 100
    ),
    Comparison("official", "task", "task12", "accuracy", "majority", "tiny-tuned", -5.0, -19.7, 9.8, 0.31, 0.62, 60),
    Comparison(
        "official", "category", "MCQA", "accuracy", "majority", "tiny-tuned", -27.0, -38.4, -15.1, 0.0002, 0.0123, 100
    ),
    Comparison(
        "official", "category", "MCQA", "accuracy", "majority", "tiny-untuned", 52.0, 30.0, 70.0, 0.0002, 0.004, 100
    ),
    Comparison(
        "official",
        "category",
        "Fact Verification",
        "accuracy",
        "majority",
        "tiny-tuned",
        -5.0,
        -19.7,
        9.8,
        0.31,
        0.62,
        60,
    ),
)
OUTCOMES = tuple(
    OutcomeCount(model.name, scorer, task, outcome, items)
    for model in MODELS
    for scorer in ("official", "corrected")
    for task, outcome, items in (
        ("task123", "correct", 79),
        ("task123", "unparsed", 21),
        ("task12", "correct", 34 if scorer == "official" else 36),
        ("task12", "error", 26 if scorer == "official" else 24),
    )
)


def sample(**changes: object) -> LeaderboardData:
    values: dict[str, object] = {
        "build_id": digest("build"),
        "origin": "twin",
        "release": ReleaseCard("demo", digest("release"), 400, 2),
        "models": MODELS,
        "tasks": TASKS,
        "scores": score_rows(),
        "examples": EXAMPLES,
        "comparisons": COMPARISONS,
        "outcomes": OUTCOMES,
        "stale": (StaleCorpus("meqsum", "blocked: 12 rows without a summary in the newest file"),),
    }
    return LeaderboardData(**(values | changes))  # type: ignore[arg-type]  # the test names the fields it changes
