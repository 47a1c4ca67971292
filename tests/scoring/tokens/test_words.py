"""Our tokenizers against the packages that define them."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meds_pipeline.scoring.tokens import languages, punkt, words

SHARED = Path(__file__).parents[3] / "../shared"
PIECES = [
    *("a", "B", "The", "the", "dr", "Mr", "e.g", "U.S", "10", "3.5", "2,000", "J.", "i", "q.", "Smith", "é", "И", "ı"),
    *(".", ".", "...", "?", "!", ",", ":", ";", " ", " ", " ", "\n", "\t", "'", '"', "''", "``", "`", "-", "--", "—"),
    *("(", ")", "[", "]", "{", "}", "<", ">", "’", "‘", "“", "”", "«", "»", "„", "*", "@", "#", "$", "%", "&"),
    *("can", "not", "cannot", "gonna", "wanna", "'tis", "'s", "n't", "'ll", "d'ye", "more'n", "gimme", "Gİmme"),
    *("\x1c", "\x1e", "\x85", "\xa0", "\u3000"),
    *("e\u0301", "\u0301", "\u200d", "\u200c", "\ufe0f", "½", "²", "①", "⁴He", "_", "\u203f", "Ⅳ", "٣", "\U00010d41"),
    *("\U0001e030", "日", "\u0e01\u0e34", "\u0915\u094d", "👩\u200d⚕️"),
]
SENTENCES = [
    'He said "no". Then, at 5:30 p.m., Dr. J. Smith left.',
    "It isn't 3.5 mg, i.e. 2,000 units (see Fig. 2). They'll cannot 'tis gonna wait...",
    "¿Qué? «Sí», dijo el Sr. López. L'état (n° 5) – c'est moi.",
    "Он сказал: «да». Доза 5 мг/кг, т.е. мало.",
    "",
    "   ",
    "No. 5 is No. 6? Yes! U.S. troops. End",
    *("cafe\u0301'a", "x²'y", "'⁴He", "'\u200d", "½'a", "①'b", "'\u0301a", "1,\U00010d41", "a:\U00010d42 b,٣"),
    *("\u0301. The next one.", "²? J\u0301. Smith", "a \u0301. He", "½. The", "_. The"),
]


def parity_texts(*tasks: str) -> list[str]:
    """Real texts, where shared/ is there."""
    path = SHARED / "parity/published_rationale_MMedS-Llama3.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["task_id"] in tasks]
    return sorted({row[name] for row in rows for name in ("input", "GT", "output")})


@pytest.fixture
def nltk_words(english_punkt: None, tmp_path: Path) -> object:
    """NLTK's own function, with the tables we use in NLTK's own files."""
    nltk = pytest.importorskip("nltk")
    tables = punkt.english()
    assert tables is not None
    punkt.write_tables(tables, tmp_path)
    nltk.data.path.insert(0, str(tmp_path))
    nltk.tokenize._get_punkt_tokenizer.cache_clear()
    return nltk.tokenize.word_tokenize


def check(nltk_words: object, texts: list[str]) -> None:
    tables = punkt.english()
    assert callable(nltk_words)
    for text in texts:
        assert words.nltk_words(text, tables) == nltk_words(text), text


def test_nltk_words_on_sentences(nltk_words: object) -> None:
    check(nltk_words, SENTENCES)


def test_nltk_words_on_published_texts(nltk_words: object) -> None:
    texts = parity_texts("task52", "task53", "task55", "task56")
    if not texts:
        pytest.skip("no shared/parity beside the checkout")
    check(nltk_words, texts[::3])


def test_nltk_words_on_generated_texts(nltk_words: object) -> None:
    rnd = random.Random(5)  # noqa: S311 (test data)
    texts = [
        "".join(rnd.choice(PIECES) + (" " if rnd.random() < 0.3 else "") for _ in range(rnd.randint(1, 14)))
        for _ in range(4000)
    ]
    check(nltk_words, texts)


def test_nltk_words_on_any_characters(nltk_words: object) -> None:
    """Apostrophes, full stops and commas beside any character there is: marks, joiners, numbers, new scripts."""
    rnd = random.Random(6)  # noqa: S311 (test data)
    planes = [(0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x2000, 0x33FF), (0x10000, 0x1FFFF)]
    letters = [chr(rnd.randint(*rnd.choice(planes))) for _ in range(3000)]
    marks = ["'", "'", ".", ",", ":", " ", "''", '"', "'s ", "n't ", "?", "\n"]
    texts = ["".join(rnd.choice(letters if rnd.random() < 0.5 else marks) for _ in range(12)) for _ in range(4000)]
    check(nltk_words, texts)


def test_without_tables_a_text_is_one_sentence() -> None:
    assert words.nltk_words("One two. Three four.", None) == ["One", "two.", "Three", "four", "."]


@pytest.mark.usefixtures("english_punkt")
def test_the_wheel_and_the_folder_hold_the_same_tables(tmp_path: Path) -> None:
    tables = punkt.english()
    assert tables is not None
    module = tmp_path / "english.py"
    module.write_text(
        f"ABBREV_TYPES = {sorted(tables.abbreviations)!r}\nSENT_STARTERS = {sorted(tables.starters)!r}\n"
        f"COLLOCATIONS = {sorted(tables.collocations)!r}\nORTHO_CONTEXT = {dict(tables.contexts)!r}\n",
        "utf-8",
    )
    assert punkt.read_tables(module).digest() == tables.digest() == punkt.ENGLISH_DIGEST


@pytest.fixture
def other_tables(tmp_path: Path) -> Path:
    folder = tmp_path / "tokenizers/punkt_tab/english"
    folder.mkdir(parents=True)
    for name in ("abbrev_types.txt", "sent_starters.txt", "collocations.tab", "ortho_context.tab"):
        (folder / name).write_text("x\t1" if name.endswith("tab") else "x")
    return folder


@pytest.mark.usefixtures("fresh_punkt")
def test_other_tables_are_named_as_such(other_tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(punkt, "places", lambda: iter([other_tables]))
    assert "not NLTK's English ones" in punkt.trouble()


@pytest.mark.usefixtures("fresh_punkt")
def test_the_installed_wheel_gives_the_published_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine that reaches a package index only: no nltk_data anywhere."""
    monkeypatch.delenv("NLTK_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert punkt.trouble() == ""


@pytest.mark.usefixtures("fresh_punkt")
def test_the_published_tables_are_preferred_to_others(other_tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = next(punkt.places())
    monkeypatch.setattr(punkt, "places", lambda: iter([other_tables, wheel]))
    assert punkt.trouble() == ""


JAPANESE = (
    "患者は昨日から38.5度の発熱があり、咳と喀痰を認めた。胸部X線写真では右下肺野に浸潤影がみられる。"
    "ーーα波ＡＢＣ123\n\nメタボリックシンドローム!"
)
CHINESE = (
    "患者男性，58岁，因“胸痛3.5小时”入院。心电图示ST段抬高0.2mV，考虑急性心肌梗死，"
    "张三丰医生给予阿司匹林300mg嚼服。C++ 50%  \r\n完"
)


def test_japanese_words_are_those_of_a_new_janome_tokenizer() -> None:
    """One tokenizer is kept for the process; upstream makes a new one for every text."""
    texts = [JAPANESE, "", " ", JAPANESE * 12, JAPANESE]
    tokenizer = pytest.importorskip("janome.tokenizer").Tokenizer
    for text in texts:
        assert languages.words_of(text, "ja") == [token.surface for token in tokenizer().tokenize(text)], text


def test_chinese_words_are_those_of_jieba(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cache file is left where jieba leaves its own."""
    jieba = pytest.importorskip("jieba")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "ours"))
    ours = [languages.words_of(text, "zh") for text in (CHINESE, "", CHINESE[::-1])]
    assert not (tmp_path / "ours").exists()
    theirs = jieba.Tokenizer()
    theirs.tmp_dir = str(tmp_path)
    assert ours == [list(theirs.cut(text)) for text in (CHINESE, "", CHINESE[::-1])]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab .?!'\"`(),:\n\x1e’"), max_size=30))
def test_no_word_is_lost_or_blank(text: str) -> None:
    found = words.nltk_words(text, None)
    assert all(word and not word.isspace() for word in found)
    letters = [c for c in text if c.isalpha()]
    assert [c for word in found for c in word if c.isalpha()] == letters
