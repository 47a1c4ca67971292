"""Twin of MedQuAD: consumer health questions by disease, in three of upstream's collections.

Format: an XML document a file; answers hold runs of blanks and line breaks, those of the encyclopedia are empty, some
documents have no question at all, and the NIDDK documents neither a category nor synonyms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from meds_pipeline.twins import words
from meds_pipeline.twins.draw import Draw
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARE = 1 / 12
TOPICS, KIDNEY, ENCYCLOPEDIA = "4_MPlus_Health_Topics_QA", "5_NIDDK_QA", "10_MPlus_ADAM_QA"
SOURCES = {TOPICS: "MPlusHealthTopics", KIDNEY: "NIDDK", ENCYCLOPEDIA: "ADAM"}
EMPTY_EVERY = 9
FAULT = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Document id="9999999">\n<Focus>Nothing</Focus>\n<QAPairs>\n'
    '\t<QAPair pid="1"><Question qid="9999999-1">What?</Question><Answer>&nothing;</Answer></QAPair>\n'
    "</QAPairs>\n</Document>\n"
)
QUESTIONS = (
    ("information", "What is (are) {Condition} ?", "{Condition} is an illness of {people}.    It is common & mild."),
    (
        "symptoms",
        "What are the symptoms of {Condition} ?",
        "People with {condition} have\n                \n{symptom}.",
    ),
    ("treatment", "What are the treatments for {Condition} ?", "Treatment is with {drug}.       -  Ask your doctor"),
    ("causes", "What causes {Condition} ?", "The cause of {condition} isn't known.\n"),
)


@twin("medquad")
def medquad(order: TwinOrder) -> Iterator[TwinFile]:
    """Write a twelfth of `records` documents to the health topics, half as many to each of the other two."""
    for collection in SOURCES:
        share = SHARE if collection == TOPICS else SHARE / 2
        for index in range(order.share(share)):
            yield TwinFile(f"{collection}/{index + 1:07}.xml", _document(order.seed, collection, index).encode())
        if order.faults:
            yield TwinFile(f"{collection}/9999999.xml", FAULT.encode())


def _document(seed: int, collection: str, index: int) -> str:
    draw = Draw(seed, "medquad", collection, index)
    condition = words.CONDITIONS[index % len(words.CONDITIONS)]
    fill = {
        "condition": condition,
        "Condition": condition.title(),
        "people": draw.pick(words.POPULATIONS),
        "symptom": draw.pick(words.SYMPTOMS),
        "drug": draw.pick(words.DRUGS),
    }
    number, has_extras = f"{index + 1:07}", collection != KIDNEY
    asked = [] if collection == KIDNEY and index % EMPTY_EVERY == EMPTY_EVERY - 1 else QUESTIONS[: draw.between(1, 4)]
    pairs = [
        f'\t<QAPair pid="{place}">\n\t\t\t<Question qid="{number}-{place}" qtype="{kind}">{question.format_map(fill)}'
        f"</Question>\n\t\t\t<Answer>{'' if collection == ENCYCLOPEDIA else escape(answer.format_map(fill))}</Answer>\n"
        "\t</QAPair>\n"
        for place, (kind, question, answer) in enumerate(asked, 1)
    ]
    synonyms = [f"{condition} syndrome", f"chronic {condition}"][: draw.between(0, 2)] if has_extras else []
    named = "".join(f"\t\t<Synonym>{name}</Synonym>\n" for name in synonyms)
    extras = f"\t<Synonyms>\n{named}\t</Synonyms>\n" if synonyms else ""
    category = "\t<Category>Disease</Category>\n" if has_extras else ""
    cui = f"C9{words.CONDITIONS.index(condition):06}"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document id="{number}" source="{SOURCES[collection]}" url="https://example.org/{number}">\n'
        f"<Focus>{condition.title()}</Focus>\n<FocusAnnotations>\n{category}"
        f"\t<UMLS>\n\t\t<CUIs>\n\t\t\t<CUI>{cui}</CUI>\n\t\t</CUIs>\n\t</UMLS>\n{extras}</FocusAnnotations>\n"
        f"<QAPairs>\n{''.join(pairs)}</QAPairs>\n</Document>\n"
    )
