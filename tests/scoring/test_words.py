"""Our tokenizers against the packages they replace."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meds_pipeline.scoring import chinese, japanese, punkt, words

SHARED = Path(__file__).parents[2] / "../shared"
PIECES = [
    *("a", "B", "The", "the", "dr", "Mr", "e.g", "U.S", "10", "3.5", "2,000", "J.", "i", "q.", "Smith", "é", "И", "ı"),
    *(".", ".", "...", "?", "!", ",", ":", ";", " ", " ", " ", "\n", "\t", "'", '"', "''", "``", "`", "-", "--", "—"),
    *("(", ")", "[", "]", "{", "}", "<", ">", "’", "‘", "“", "”", "«", "»", "„", "*", "@", "#", "$", "%", "&"),
    *("can", "not", "cannot", "gonna", "wanna", "'tis", "'s", "n't", "'ll", "d'ye", "more'n", "gimme", "Gİmme"),
    *("\x1c", "\x1e", "\x85", "\xa0", "\u3000"),
]
SENTENCES = [
    'He said "no". Then, at 5:30 p.m., Dr. J. Smith left.',
    "It isn't 3.5 mg, i.e. 2,000 units (see Fig. 2). They'll cannot 'tis gonna wait...",
    "¿Qué? «Sí», dijo el Sr. López. L'état (n° 5) – c'est moi.",
    "Он сказал: «да». Доза 5 мг/кг, т.е. мало.",
    "",
    "   ",
    "No. 5 is No. 6? Yes! U.S. troops. End",
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
def nltk_words(english_punkt: None) -> object:
    """NLTK's own function, with the tables the test found."""
    nltk = pytest.importorskip("nltk")
    root = next(place for place in punkt.places() if place.exists()).parents[2]
    nltk.data.path.insert(0, str(root))
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


def test_other_tables_are_named_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "tokenizers/punkt_tab/english"
    folder.mkdir(parents=True)
    for name in ("abbrev_types.txt", "sent_starters.txt", "collocations.tab", "ortho_context.tab"):
        (folder / name).write_text("x\t1" if name.endswith("tab") else "x")
    monkeypatch.setenv("NLTK_DATA", str(tmp_path))
    punkt.english.cache_clear()
    punkt.trouble.cache_clear()
    assert "not NLTK's English ones" in punkt.trouble()
    punkt.english.cache_clear()
    punkt.trouble.cache_clear()


JAPANESE = (
    "患者は昨日から38.5度の発熱があり、咳と喀痰を認めた。胸部X線写真では右下肺野に浸潤影がみられる。"
    "ーーα波ＡＢＣ123\n\nメタボリックシンドローム!"
)
CHINESE = (
    "患者男性，58岁，因“胸痛3.5小时”入院。心电图示ST段抬高0.2mV，考虑急性心肌梗死，"
    "张三丰医生给予阿司匹林300mg嚼服。C++ 50%  \r\n完"
)


@pytest.fixture(scope="module")
def janome_words() -> object:
    tokenizer = pytest.importorskip("janome.tokenizer").Tokenizer(wakati=True)
    return lambda text: list(tokenizer.tokenize(text))


def test_japanese_equals_janome(janome_words: object) -> None:
    assert callable(janome_words)
    segment = japanese.Segmenter()
    rnd = random.Random(7)  # noqa: S311 (test data)
    texts = [JAPANESE, "", " ", JAPANESE * 12, *parity_texts("task54")[::12]]
    texts += ["".join(rnd.choices(JAPANESE, k=rnd.randint(1, 40))) for _ in range(300)]
    for text, found in zip(texts, segment(texts), strict=True):
        assert found == janome_words(text), text


def test_chinese_equals_jieba(tmp_path: Path) -> None:
    jieba = pytest.importorskip("jieba")
    jieba.setLogLevel(60)
    theirs = jieba.Tokenizer()
    theirs.tmp_dir = str(tmp_path)
    segment = chinese.Segmenter()
    rnd = random.Random(9)  # noqa: S311 (test data)
    rare = "".join(chr(rnd.randint(0x4E00, 0x9FD5)) for _ in range(200))
    texts = [CHINESE, "", *parity_texts("task51")[::6]]
    texts += ["".join(rnd.choices(CHINESE + rare, k=rnd.randint(1, 40))) for _ in range(1500)]
    for text in texts:
        assert segment(text) == list(theirs.cut(text)), text


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab .?!'\"`(),:\n\x1e’"), max_size=30))
def test_no_word_is_lost_or_blank(text: str) -> None:
    found = words.nltk_words(text, None)
    assert all(word and not word.isspace() for word in found)
    letters = [c for c in text if c.isalpha()]
    assert [c for word in found for c in word if c.isalpha()] == letters
