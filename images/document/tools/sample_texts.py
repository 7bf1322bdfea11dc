"""What the sample documents say: written for this project, about a mill that does not exist.

The samples are made from these texts, and docs/quality.md is measured against them.
"""

# ruff: noqa: ISC004, E501  (long sentences in tuples)

from __future__ import annotations

from typing import Final, NamedTuple


class Section(NamedTuple):
    """A heading and its paragraphs; `table` and `picture` name what follows them."""

    heading: str
    paragraphs: tuple[str, ...]
    table: tuple[tuple[str, ...], ...] = ()
    picture: bool = False


REPORT_TITLE: Final = "The tide mill at Carrow Creek"
REPORT: Final = (
    Section(
        "Summary",
        (
            "The tide mill at Carrow Creek was built in 1784 and ground flour until 1931. "
            "This report describes how it was restored between 2019 and 2023, what was measured "
            "during its first year of work, and what the trust should do next.",
            "The mill now turns for about seven hours a day. It has ground eleven tonnes of wheat "
            "in its first year, and it feeds a small generator when nobody needs flour. The "
            "restoration cost less than planned, but the sea gate will have to be replaced within "
            "ten years.",
        ),
    ),
    Section(
        "How a tide mill works",
        (
            "A tide mill stands on a dam across the mouth of a creek. When the tide rises, the sea "
            "pushes a hinged gate open and fills the basin behind the dam. At high water the gate "
            "falls shut by itself, and the basin keeps the sea.",
            "The miller waits until the tide has fallen far enough to leave the wheel free. Then "
            "the sluice is opened, and the water of the basin runs out under the wheel and turns "
            "it. Because the moon sets the hours, a tide mill works at a different time every day, "
            "and millers used to sleep beside the stones.",
        ),
        picture=True,
    ),
    Section(
        "The restoration",
        (
            "The dam had been breached by a storm in 1953. It was closed with four hundred tonnes "
            "of granite from the old quarry at Penmarrow, laid without mortar as the first builders "
            "had laid it. Divers cleared nine lorry loads of silt from the basin.",
            "The wheel is new. It was made from green oak by two carpenters from the village, who "
            "copied the marks that the old wheel had scratched into the wall. The millstones are "
            "the old ones: French burr, dressed again by hand over one winter.",
            "Volunteers gave nineteen thousand hours. Schools took part in the survey of birds, and "
            "no heavy machine was used between March and July, while the avocets were breeding.",
        ),
    ),
    Section(
        "What was measured",
        (
            "Sensors in the basin and on the shaft recorded a value every minute. The table shows "
            "the means of each quarter. Power is highest in spring, when the tides are largest and "
            "the creek brings rain from the moor.",
        ),
        table=(
            ("Quarter", "Range (m)", "Hours", "Power (kW)", "Flour (t)"),
            ("January to March", "4.6", "7.4", "11.8", "3.1"),
            ("April to June", "4.2", "7.1", "10.9", "2.9"),
            ("July to September", "3.9", "6.6", "9.7", "2.6"),
            ("October to December", "4.3", "6.9", "10.6", "2.4"),
        ),
    ),
    Section(
        "Wildlife",
        (
            "The basin has become a feeding ground. Counters saw forty-one kinds of birds in the "
            "first year, against twenty-three before the work began. Eels pass the gate through a "
            "brush ramp, and sea trout were seen above the dam for the first time since the "
            "nineteen fifties.",
            "Salt marsh grows again on the western bank. It holds the mud, and it softens the waves "
            "that used to eat into the footpath.",
        ),
    ),
    Section(
        "Costs",
        (
            "The restoration cost 1.84 million pounds, of which the lottery fund paid sixty per "
            "cent and the county a fifth. The rest came from members and from the sale of flour. "
            "The estimate of 2018 had been 2.1 million.",
            "Running the mill costs 38,000 pounds a year, mostly for insurance and for one paid "
            "miller. Visitors, flour and electricity bring 44,000.",
        ),
    ),
    Section(
        "Recommendations",
        (
            "The trust should set aside money for a new sea gate now. Shipworm was found in two of "
            "its planks, and a gate of tropical hardwood or of steel will be needed before 2033.",
            "A second miller should be trained, because the mill stands still when the only one is "
            "ill. The generator should be joined to the village network, which the grid company has "
            "already allowed. Finally, the measurements should be published every month, so that "
            "other mills can compare.",
        ),
    ),
)

MINUTES_TITLE: Final = "Minutes of the mill committee"
MINUTES: Final = (
    Section(
        "Present",
        (
            "The committee met on 14 May in the reading room. Present were Ada Trevanion in the "
            "chair, Jonas Pell, Hye-jin Seo and Marcus Oduya. Apologies came from Lena Brandt.",
        ),
    ),
    Section(
        "Opening hours",
        (
            "Jonas Pell reported that visitors often come when the tide is wrong and the wheel "
            "stands still. The committee decided to print the milling hours on the bus timetable "
            "and to open on Sundays from June to September.",
        ),
    ),
    Section(
        "The roof of the drying shed",
        (
            "Slates are missing above the door. Marcus Oduya obtained three offers, shown below. "
            "It was agreed to accept the offer of Pascoe and Daughters, because they alone promise "
            "to finish before the autumn gales.",
        ),
        table=(
            ("Roofer", "Price", "Finished by"),
            ("Pascoe and Daughters", "6,400", "August"),
            ("Westway Roofing", "5,950", "November"),
            ("Tamar Slate", "7,100", "September"),
        ),
    ),
    Section(
        "Action items",
        (
            "Hye-jin Seo will write to the school about the eel count. Ada Trevanion will ask the "
            "insurer whether volunteers on ladders are covered. The next meeting is on 11 June.",
        ),
    ),
)

SCAN: Final = (
    "The Miller's Almanac",
    "Notes for the keeper of the stones",
    "Open the sluice slowly. A wheel that starts with a jerk will break its oldest paddle first, "
    "and the oldest paddle is always under water.",
    "Feel the flour between thumb and finger every quarter of an hour. Warm flour means that the "
    "stones are too close; coarse flour means that they are too far apart.",
    "Never leave the mill while the basin is full. The gate has held for a hundred years, but the "
    "sea has been here longer, and it does not sleep.",
    "Write down the height of each tide, the hours of milling and the weight of the flour. What is "
    "not written down will be argued about in winter.",
)

KOREAN_TITLE: Final = "갯벌 물레방앗간 복원 보고서"
KOREAN: Final = (
    Section(
        "개요",
        (
            "이 보고서는 솔개만에 있는 조력 물레방앗간의 복원 과정을 정리한 것이다. 방앗간은 백 년 "
            "넘게 마을의 밀과 보리를 빻았으나 태풍으로 둑이 무너진 뒤 버려져 있었다.",
            "복원은 사 년이 걸렸고 마을 주민과 학생들이 함께 일했다. 지금은 하루에 일곱 시간쯤 "
            "물레가 돌아가며, 밀가루와 전기를 함께 만든다.",
        ),
    ),
    Section(
        "물레방아의 원리",
        (
            "밀물이 들어오면 바닷물이 수문을 밀고 들어와 저수지를 채운다. 만조가 되면 수문이 저절로 "
            "닫히고 물이 갇힌다. 썰물 때 물길을 열면 갇힌 물이 빠져나가면서 물레를 돌린다.",
            "달이 시간을 정하기 때문에 방앗간이 일하는 시간은 날마다 다르다. 그래서 옛 방앗간지기는 "
            "맷돌 옆에서 잠을 잤다고 한다.",
        ),
    ),
    Section(
        "철새와 갯벌",
        (
            "저수지는 철새의 먹이터가 되었다. 첫해에 관찰된 새는 마흔한 종으로, 공사 전보다 거의 두 "
            "배로 늘었다. 뱀장어는 수문 옆의 솔길을 따라 오르내린다.",
            "서쪽 기슭에는 염생 식물이 다시 자라 갯벌을 붙잡아 준다.",
        ),
    ),
    Section(
        "앞으로 할 일",
        (
            "수문의 나무판 두 장에서 배좀벌레가 발견되었으므로 십 년 안에 수문을 바꾸어야 한다. 이를 "
            "위한 기금을 지금부터 모을 것을 권한다.",
            "방앗간지기가 한 사람뿐이어서 그가 아프면 물레가 멈춘다. 두 번째 방앗간지기를 길러야 "
            "한다.",
        ),
    ),
)

KOREAN_SCAN: Final = (
    "방앗간지기의 수첩",
    "물길은 천천히 열어야 한다. 물레가 갑자기 돌기 시작하면 가장 오래된 날개부터 부러진다.",
    "밀가루를 손끝으로 자주 만져 보아라. 따뜻하면 맷돌이 너무 가깝고 거칠면 너무 멀다.",
    "저수지가 가득 찬 동안에는 방앗간을 비우지 마라. 바다는 잠들지 않는다.",
)

SPEECH: Final = (
    "The tide is falling. Open the sluice slowly, and listen to the wheel. "
    "When the stones begin to sing, the flour is warm enough."
)

QUESTIONS: Final = (
    ("How much did the restoration cost?", "The restoration cost 1.84 million pounds"),
    ("Which birds or fish returned to the water?", "forty-one kinds of birds"),
    ("Why does the mill work at different hours each day?", "Because the moon sets the hours"),
    ("What wood was the new wheel built of?", "It was made from green oak"),
    ("What is wrong with the sea gate?", "Shipworm was found in two of"),
    ("In which season is the power output greatest?", "Power is highest in spring"),
    ("Where did the stone for the dam come from?", "the old quarry at Penmarrow"),
    ("Who will repair the roof and why were they chosen?", "the offer of Pascoe and Daughters"),
    ("When is the mill open on Sundays?", "to open on Sundays from June to September"),
    ("What tells the miller that the stones are too close together?", "Warm flour means that the"),
)
"""Ten questions and what a passage says that answers each; asked over all English samples."""

KOREAN_QUESTIONS: Final = (
    ("철새는 몇 종이나 관찰되었나?", "마흔한 종으로"),
    ("수문을 왜 바꾸어야 하나?", "배좀벌레가 발견되었으므로"),
    ("방앗간이 일하는 시간은 왜 날마다 다른가?", "달이 시간을 정하기 때문에"),
    ("복원에는 얼마나 걸렸나?", "복원은 사 년이 걸렸고"),
    ("밀물이 들어오면 어떻게 되나?", "바닷물이 수문을 밀고"),
)


def sentences_of(sections: tuple[Section, ...]) -> list[str]:
    """Every sentence of the paragraphs: what extraction has to bring back."""
    whole = (paragraph for section in sections for paragraph in section.paragraphs)
    return [
        sentence.strip(" .")
        for paragraph in whole
        for sentence in paragraph.split(". ")
        if sentence
    ]
