"""BLEU-1 and ROUGE-L exactly as upstream's packages define them, and the true ROUGE family.

`bleu1`: nltk.translate.bleu_score.sentence_bleu with weights (1, 0, 0, 0) and smoothing method 1.
`rouge_package_l`: `rouge` 1.0.1's summary-level ROUGE-L: distinct words, sentences cut at every full stop, and the
union of one particular longest common subsequence for every pair of sentences.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def bleu1(hypothesis: Sequence[str], reference: Sequence[str]) -> float:
    """BLEU-1 with brevity penalty, 0 to 1 (Papineni et al. 2002).

    Smoothing changes only n-gram orders of weight zero, so it has no effect. The logarithm is taken and undone as in
    NLTK, so that even the last bit is the same.
    """
    said, available = Counter(hypothesis), Counter(reference)
    both = list(said.keys() & available.keys())
    matched = sum(map(min, map(said.__getitem__, both), map(available.__getitem__, both)))
    if not matched:
        return 0.0
    longer = len(hypothesis) > len(reference)
    brevity = 1.0 if longer else math.exp(1 - len(reference) / len(hypothesis))
    return brevity * math.exp(math.log(matched / len(hypothesis)))


def split_sentences(text: str) -> list[list[str]]:
    """Sentences as `rouge` cuts them, at every full stop; a blank sentence has one empty word."""
    return [part.split() or [""] for part in text.split(".") if part]


def _chosen_common(reference: Sequence[str], hypothesis: Sequence[str]) -> set[str]:
    """Words of the longest common subsequence that `rouge` picks.

    The table of lengths is kept as one bit vector per reference word (bit j set: the length grows at hypothesis word j;
    Hyyro 2004). `rouge` walks back from the end. If the two words are equal, it takes a match. If not, it drops the
    reference word if the length grows here, else the hypothesis word. So from any place the next stop is the highest
    bit that is a match or a growth: one step per reference word.
    """
    matches: dict[str, int] = {}
    bit = 1
    for word in hypothesis:
        matches[word] = matches.get(word, 0) | bit
        bit <<= 1
    full = flat = bit - 1
    rows: list[tuple[str, int, int]] = []
    present = 0
    absent = False
    for word in reference:
        match = matches.get(word, 0)
        if match:
            present += 1
            hit = flat & match
            flat = ((flat + hit) | (flat - hit)) & full
        elif absent:
            continue  # walking back over one absent word or over several leads to the same place
        absent = not match
        rows.append((word, match, full ^ flat))
    if (full ^ flat).bit_count() in (len(hypothesis), present):
        return set(matches)  # every word of one side is chosen
    chosen: set[str] = set()
    keep = full
    for word, match, growth in reversed(rows):
        stops = (match | growth) & keep
        if not stops:
            break
        top = 1 << (stops.bit_length() - 1)
        if match & top:
            chosen.add(word)
            keep = top - 1
        else:
            keep = top | (top - 1)
    return chosen


def rouge_package_l(hypothesis: str, reference: str) -> float | None:
    """ROUGE-L F as `rouge.Rouge().get_scores(hypothesis, reference)` gives it; None if that raises."""
    said, truth = split_sentences(hypothesis), split_sentences(reference)
    if not said or not truth:
        return None
    said_sets, truth_sets = [set(words) for words in said], [set(words) for words in truth]
    said_words, truth_words = set().union(*said_sets), set().union(*truth_sets)
    found: set[str] = set()
    pending: list[tuple[int, int, int, set[str]]] = []
    for i, truth_set in enumerate(truth_sets):
        for j, said_set in enumerate(said_sets):
            common = truth_set & said_set
            if len(common) < 2:
                found |= common  # a single common word is always chosen
            else:
                pending.append((len(common), i, j, common))
    # The union does not depend on the order; to start with the pairs that have most in common saves work.
    for _, i, j, common in sorted(pending, key=lambda pair: -pair[0]):
        if not common <= found:
            # Hypothesis words that the reference lacks never match nor grow: leaving them out changes nothing.
            found |= _chosen_common(truth[i], [word for word in said[j] if word in common])
    recall, precision = len(found) / len(truth_words), len(found) / len(said_words)
    return 2.0 * ((precision * recall) / (precision + recall + 1e-8))
