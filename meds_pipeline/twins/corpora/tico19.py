"""Twin of TICO-19: sentences on an epidemic in four languages.

Format: TMX 1.4, one translation unit a sentence with its document in the id, English beside Spanish and Chinese. As
some pairs do upstream, English beside Russian lies in a zip, and Chinese in both forms. The terminology ends in blank
rows.
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

from meds_pipeline.twins.draw import Draw
from meds_pipeline.twins.formats import stored_zip, table
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARE = 1 / 10
DOCUMENTS = ("CMU", "PubMed", "Wikinews", "wiki", "Wikipedia_handpicked")
SENTENCES_A_DOCUMENT = 3
LANGUAGES = {"es-419": 1, "zh": 2, "ru": 3}
UNTRANSLATED_EVERY = 25


class Phrase(NamedTuple):
    """One thing in English, Spanish, Chinese and Russian."""

    en: str
    es: str
    zh: str
    ru: str


SUBJECTS = (
    Phrase("the virus", "el virus", "病毒", "вирус"),
    Phrase("the infection", "la infección", "感染", "инфекция"),
    Phrase("the disease", "la enfermedad", "疾病", "болезнь"),
    Phrase("the epidemic", "la epidemia", "疫情", "эпидемия"),
)
PREDICATES = (
    Phrase("spreads through droplets", "se propaga por gotas", "通过飞沫传播", "передается капельным путем"),
    Phrase("causes fever and cough", "causa fiebre y tos", "引起发热和咳嗽", "вызывает лихорадку и кашель"),
    Phrase("can be prevented", "se puede prevenir", "可以预防", "можно предотвратить"),
    Phrase("is more severe in the elderly", "es más grave en los ancianos", "在老年人中更严重", "тяжелее у пожилых"),
    Phrase("is < 1 % in children & teens", "es < 1 % en niños y jóvenes", "在儿童中 < 1 %", "< 1 % у детей"),
)
PLACES = (
    Phrase("in hospitals", "en los hospitales", "在医院", "в больницах"),
    Phrase("at home", "en casa", "在家中", "дома"),
    Phrase("in crowded rooms", "en lugares concurridos", "在拥挤的房间", "в людных местах"),
)
TERMS = (
    ("droplets", "gotas"),
    ("fever", "fiebre"),
    ("face masks", "mascarillas"),
    ("quarantine", "cuarentena"),
    ("cough", "tos"),
    ("outbreak", "brote"),
    ("ventilator", "respirador"),
)


@twin("tico19")
def tico19(order: TwinOrder) -> Iterator[TwinFile]:
    """Write a tenth of `records` sentences in each language."""
    sentences = [_sentence(order.seed, index) for index in range(order.share(SHARE))]
    for language in LANGUAGES:
        memory = _memory(sentences, language, faulty=order.faults)
        if language != "ru":
            yield TwinFile(f"data/TM/all.en-{language}.tmx", memory)
        if language != "es-419":
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                archive.writestr(f"all.en-{language}.tmx", memory)
            yield TwinFile(f"data/TM/all.en-{language}.tmx.zip", stored_zip(packed.getvalue()))
    rows = [(str(place), "en", "es_XX", *term) for place, term in enumerate(TERMS, 1)]
    blank = [("", "", "es_XX", "", "")] * len(rows)
    head = ("id", "sourceLang", "targetLang", "sourceString", "targetString")
    yield TwinFile("data/terminologies/f_en-es_XX.csv", table([head, *rows, *blank]).encode())


def _sentence(seed: int, index: int) -> tuple[str, ...]:
    draw = Draw(seed, "tico19", index)
    subject, predicate, place = draw.pick(SUBJECTS), draw.pick(PREDICATES), draw.pick(PLACES)
    year, end = draw.between(1950, 2019), (" ", ",", ".")
    en, es, ru = (
        f"{subject[at]} {predicate[at]} {place[at]}{end[1]} {said} {year}{end[2]}"
        for at, said in ((0, "as in"), (1, "como en"), (3, "как в"))
    )
    return en, es, f"{subject.zh}{place.zh}{predicate.zh}，如{year}年。", ru


def _memory(sentences: list[tuple[str, ...]], language: str, *, faulty: bool) -> bytes:
    units = []
    for index, sentence in enumerate(sentences):
        number = index // SENTENCES_A_DOCUMENT
        document = f"{DOCUMENTS[number % len(DOCUMENTS)]}_{number + 1}"
        text = sentence[LANGUAGES[language]]
        if language == "es-419" and index % UNTRANSLATED_EVERY == UNTRANSLATED_EVERY - 1:
            text = "{NS}"
        units.append(
            f'<tu tuid="{document}:{index + 1}">\n<prop type="note">https://example.org/{document}</prop>\n'
            f'<tuv xml:lang="en">\n<seg>{escape(sentence[0])}</seg></tuv>\n'
            f'<tuv xml:lang="{language}"><seg>{escape(text)}</seg></tuv>\n</tu>\n'
        )
    if faulty:
        units.insert(1, '<tu tuid="x:1">\n<tuv xml:lang="en"><seg>no end\n</tuv></tu>\n')
    header = (
        '<header creationtool="unknown" creationtoolversion="unknown" segtype="paragraph" o-tmf="unknown" '
        'adminlang="en" srclang="en" datatype="text"></header>'
    )
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4">{header}<body>\n{"".join(units)}</body>\n</tmx>\n'
    )
    return body.encode()
