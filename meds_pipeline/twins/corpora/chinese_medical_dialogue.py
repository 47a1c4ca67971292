"""Twin of the Chinese medical dialogue data: questions whose illness decides department and answer.

Format: one CSV in GB18030 with department, title, ask and answer; a patient who adds nothing has `无` for ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.twins.draw import Draw, distinct
from meds_pipeline.twins.formats import scattered, table
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = "样例_内科5000-6000.csv"
SHARE = 1 / 8
FAULT_EVERY = 30
DEPARTMENTS = {
    "心血管科": ("高血压", "冠心病", "心律不齐"),
    "内分泌科": ("糖尿病", "甲亢", "痛风"),
    "消化科": ("胃炎", "胃溃疡", "便秘"),
    "呼吸科": ("哮喘", "支气管炎", "肺炎"),
    "肾内科": ("肾炎", "尿毒症"),
    "肝病科": ("乙肝", "肝硬化", "脂肪肝"),
    "神经科": ("癫痫", "头痛", "失眠"),
    "血液科": ("贫血", "白血病"),
}
TITLES = ("{illness}怎么治疗？", "{illness}平时要注意什么？", "{illness}会遗传吗？", "{illness}吃什么好？")
ASKS = (
    "医生您好，我{relative}今年{age}岁，得{illness}有{years}年了，最近觉得{sign}，想请问{title}",
    "我上个月查出{illness}，一直{sign}，睡不好觉，请问{title}",
    "{relative}患{illness}已经{years}年，药也吃了不少，还是{sign}，想咨询一下{title}",
)
RELATIVES = ("爷爷", "奶奶", "父亲", "母亲", "爱人", "儿子", "女儿", "同事")
SIGNS = ("乏力", "头晕", "没有胃口", "心慌", "出汗", "浑身疼", "发热")
ANSWERS = {
    TITLES[0]: "您好，{illness}应当在{department}医生指导下按时服药，不要自己停药，并定期复查。",
    TITLES[1]: "您好，{illness}平时要少吃油腻，早睡早起，适当活动，每{years}个月到{department}复查一次。",
    TITLES[2]: "您好，{illness}与遗传有一定关系，家里人也可以到{department}做检查。",
    TITLES[3]: "您好，{illness}饮食以清淡为主，多吃蔬菜，少盐少糖，具体可以问{department}医生。",
}

Row = tuple[str, str, str, str]


@twin("chinese_medical_dialogue")
def chinese_medical_dialogue(order: TwinOrder) -> Iterator[TwinFile]:
    """Write one CSV of an eighth of `records` questions."""
    seen: set[Row] = set()
    rows = [distinct(_row, seen, order.seed, "chinese", index) for index in range(order.share(SHARE))]
    header = ("department", "title", "ask", "answer")
    if order.faults:
        bad: list[tuple[str, ...]] = [("心血管科", "少了两格"), ("多", "了", "一", "格", "。")]
        yield TwinFile(
            FILE, table([header, *scattered(list[tuple[str, ...]](rows), bad, FAULT_EVERY)]).encode("gb18030")
        )
    else:
        yield TwinFile(FILE, table([header, *rows]).encode("gb18030"))


def _row(draw: Draw) -> Row:
    department = draw.pick(tuple(DEPARTMENTS))
    fill = {
        "department": department,
        "illness": draw.pick(DEPARTMENTS[department]),
        "relative": draw.pick(RELATIVES),
        "age": str(draw.between(20, 88)),
        "years": str(draw.between(2, 9)),
        "sign": draw.pick(SIGNS),
    }
    asked = draw.pick(TITLES)
    title = asked.format_map(fill)
    ask = "无" if draw.chance(0.05) else draw.pick(ASKS).format_map(fill | {"title": title})
    return department, title, ask, ANSWERS[asked].format_map(fill)
