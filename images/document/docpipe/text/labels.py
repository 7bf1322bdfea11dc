"""The labels that `classify` knows by itself, each with beginnings of documents of its kind."""

# ruff: noqa: ISC004  (long sentences in tuples)

from __future__ import annotations

from typing import Final

UNKNOWN: Final = "unknown"
"""What a document is called that is hardly nearer to one label than to another."""

LABELS: Final[dict[str, tuple[str, ...]]] = {
    "report": (
        "A report with findings, measurements, results and recommendations.",
        "This report describes the work that was done and what was measured.",
        "Inspection of the water pipes: the causes were examined and damage was found at six "
        "places. Repairs are recommended; compared with the year before, losses have fallen.",
        "Yearly review of traffic: summary, what was counted, costs, and what should be done next.",
        "보고서 조사 결과와 분석, 측정값, 결론을 적은 보고서이다. 이 보고서는 결과를 정리한다.",
        "점검 결과 손상이 발견되었다. 작년보다 늘었으며 원인은 다음과 같다. 개선 방안을 권고한다.",
    ),
    "minutes": (
        "Minutes of a meeting: who was present, the agenda, what was decided, action items.",
        "The committee met and agreed; the next meeting will take place on Monday.",
        "Attending: the chair, the treasurer and five members. It was resolved to buy a tent. "
        "The secretary will write to the owner.",
        "회의록 참석자와 안건, 결정 사항, 다음 회의 일정. 회의에서 위원들이 결정하였다.",
        "모임에 회원 열 명이 참석하여 예산을 논의하고 의결하였다. 총무가 맡아 하기로 했다.",
    ),
    "letter": (
        "A letter to a person: dear sir or madam, thank you, yours sincerely.",
        "I am writing to you to ask; please let me know, kind regards.",
        "Dear Anna, how are you? We think of you often and hope you will come to see us. Love, Tim",
        "편지 안녕하세요 감사합니다 드림 올림. 귀하께 알려 드립니다.",
        "그동안 잘 지내셨는지요? 저희는 모두 건강하게 지내고 있습니다. 또 소식 전하겠습니다.",
    ),
    "invoice": (
        "An invoice with items, quantities, prices, tax, the total amount due and bank details.",
        "Please pay the total amount within thirty days of the invoice date.",
        "Paint, 6 tins at 14.00, sum 84.00; labour, 5 hours, 150.00; tax; balance payable.",
        "청구서 품목 수량 단가 부가세 합계 금액 입금 계좌. 세금계산서 결제 금액.",
        "수리비와 재료비, 공급가액과 세액을 더한 금액을 기한까지 납부하여 주십시오.",
    ),
    "contract": (
        "A contract between parties: terms, obligations, liability, termination, signatures.",
        "The parties agree as follows; this agreement is governed by the law.",
        "The seller shall deliver the goods and the buyer shall pay; a breach entitles to damages.",
        "계약서 갑과 을은 다음과 같이 계약을 체결한다. 제1조 계약 기간 의무 해지 서명.",
        "당사자는 이를 위반한 경우 손해를 배상할 책임을 진다. 제2조 효력은 체결한 날부터 생긴다.",
    ),
    "manual": (
        "Instructions and a user guide: step by step how to install, use and maintain a device.",
        "Press the button, turn the valve, check the lamp. Warning: switch off the power first.",
        "How to keep it clean: never use water on the motor, open the lid slowly, wipe with a "
        "cloth, and always write down what you changed.",
        "사용 설명서 설치와 사용 방법, 주의 사항, 점검 순서. 먼저 전원을 끄십시오.",
        "뚜껑을 열고 부품을 끼운 다음 단추를 누르세요. 물에 넣지 마십시오. 천천히 돌려야 한다.",
    ),
    "article": (
        "A news story or magazine article about an event, a place or people.",
        "Visitors came from far away yesterday to see it, said the mayor.",
        "The old cinema opens again after ten years. Hundreds queued on Friday; neighbours told "
        "this newspaper how glad they were.",
        "기사 기자 신문 소식 행사 소개. 어제 시민들이 참석했다고 전했다.",
        "지난 주말 열린 잔치에 많은 사람이 몰렸다. 주민 김 씨는 기쁘다고 말했다.",
    ),
    "research": (
        "A scientific paper with abstract, method, experiment, discussion and references.",
        "We propose a method and show by experiments that it outperforms earlier work.",
        "In a study with two groups of subjects the difference was significant. We discuss the "
        "limits of the model and earlier results.",
        "논문 초록 연구 방법 실험 고찰 참고 문헌. 본 연구에서는 방법을 제안한다.",
        "가설을 검증하기 위해 실험을 하였다. 표본을 분석한 결과 유의한 상관이 있었다. 주제어.",
    ),
    "form": (
        "A form to fill in: name, date of birth, address, check boxes, signature.",
        "Please fill in all fields in block letters and tick one box.",
        "Application. Name: Telephone: E-mail: I declare that the above is true. Signed: Date:",
        "신청서 양식 성명 생년월일 주소 서명란. 해당하는 칸에 표시하십시오.",
        "이름: 연락처: 작성일: 위와 같이 신청합니다. 신청인 서명:",
    ),
    "data": (
        "A table of numbers, a spreadsheet with columns of values and totals.",
        "Monthly figures by region in columns: January, February, March, sum, average.",
        "Name, count, weight, price, total; 12, 4.5, 54; 8, 3.0, 24",
        "표 통계 수치 월별 합계 평균 목록. 지역별 자료.",
        "구분 수량 무게 평균 합계 12 34 56 연도별 수치.",
    ),
}
"""Another list comes by the param `labels`: names parted by commas, each read as its own phrase."""
