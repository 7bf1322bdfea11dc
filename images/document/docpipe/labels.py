"""The labels that `classify` knows by itself, each with phrases of documents of its kind."""

from __future__ import annotations

from typing import Final

LABELS: Final[dict[str, tuple[str, ...]]] = {
    "report": (
        "A report with findings, measurements, results and recommendations.",
        "This report describes the work that was done and what was measured.",
        "보고서 조사 결과와 분석, 측정값, 결론을 적은 보고서이다. 이 보고서는 결과를 정리한다.",
    ),
    "minutes": (
        "Minutes of a meeting: who was present, the agenda, what was decided, action items.",
        "The committee met and agreed; the next meeting will take place on Monday.",
        "회의록 참석자와 안건, 결정 사항, 다음 회의 일정. 회의에서 위원들이 결정하였다.",
    ),
    "letter": (
        "A letter to a person: dear sir or madam, thank you, yours sincerely.",
        "I am writing to you to ask; please let me know, kind regards.",
        "편지 안녕하세요 감사합니다 드림 올림. 귀하께 알려 드립니다.",
    ),
    "invoice": (
        "An invoice with items, quantities, prices, tax, the total amount due and bank details.",
        "Please pay the total amount within thirty days of the invoice date.",
        "청구서 품목 수량 단가 부가세 합계 금액 입금 계좌. 세금계산서 결제 금액.",
    ),
    "contract": (
        "A contract between parties: terms, obligations, liability, termination, signatures.",
        "The parties agree as follows; this agreement is governed by the law.",
        "계약서 갑과 을은 다음과 같이 계약을 체결한다. 제1조 계약 기간 의무 해지 서명.",
    ),
    "manual": (
        "Instructions and a user guide: step by step how to install, use and maintain a device.",
        "Press the button, turn the valve, check the lamp. Warning: switch off the power first.",
        "사용 설명서 설치와 사용 방법, 주의 사항, 점검 순서. 먼저 전원을 끄십시오.",
    ),
    "article": (
        "A news story or magazine article about an event, a place or people.",
        "Visitors came from far away yesterday to see it, said the mayor.",
        "기사 기자 신문 소식 행사 소개. 어제 시민들이 참석했다고 전했다.",
    ),
    "research": (
        "A scientific paper with abstract, method, experiment, discussion and references.",
        "We propose a method and show by experiments that it outperforms earlier work.",
        "논문 초록 연구 방법 실험 고찰 참고 문헌. 본 연구에서는 방법을 제안한다.",
    ),
    "form": (
        "A form to fill in: name, date of birth, address, check boxes, signature.",
        "Please fill in all fields in block letters and tick one box.",
        "신청서 양식 성명 생년월일 주소 서명란. 해당하는 칸에 표시하십시오.",
    ),
    "data": (
        "A table of numbers, a spreadsheet with columns of values and totals.",
        "Monthly figures by region in columns: January, February, March, sum, average.",
        "표 통계 수치 월별 합계 평균 목록. 지역별 자료.",
    ),
}
"""Another list comes by the param `labels`: names parted by commas, each read as its own phrase."""
