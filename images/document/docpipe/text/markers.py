"""Markers by which people tell a kind of document at first sight: `Dear`, `제1조`, a box to tick.

The vectors of `classify` know what a text is about, and hardly its form. Each label has a few
patterns; what counts is how many different ones of a label stand in the document's beginning.
"""

from __future__ import annotations

import re
from typing import Final

ENOUGH: Final = 3
"""Different markers with which a label is full; more say nothing more."""
BEGINNING: Final = 6000
"""Characters that are looked at."""

_PATTERNS: Final[dict[str, tuple[str, ...]]] = {
    "report": (
        r"\breport\b|보고",
        r"\brecommend|\badvised\b|권고|권한다|제안한다|필요가 있다",
        r"\b(?:was|were) (?:measured|inspected|counted|found|recorded)\b|측정|조사|점검|발견|분석",
        r"\bcompared with last|\bsurvey\b|\breview\b|작년(?:보다|에)|실태",
        r"\bfindings?\b|\bcauses?\b|원인|까닭",
    ),
    "minutes": (
        r"\bminutes\b|회의록|회의 기록",
        r"^\W*(?:present|in attendance|attendees|apologies)\b|참석",
        r"\b(?:was|we) (?:agreed|resolved|decided)\b|\bcommittee decided\b|결정|가결|의결",
        r"\bnext (?:meeting|session)\b|다음 (?:회의|모임)",
        r"\baction items?\b|\bagenda\b|\bapologies\b|안건|논의",
        r"\bmeeting\b|회의",
    ),
    "letter": (
        r"^\W*(?:dear|hello|hi)\b[^.\n]{0,40},",
        r"\byours (?:faithfully|sincerely|truly)\b|\b(?:kind|best) regards\b",
        r"\b(?:with|lots of) love\b",
        r"\bi am writing\b|\bi write\b|\bwrite (?:back|soon)\b|\blet me know\b",
        r"^\W*[가-힣 ]{1,15}(?:께|에게)\s*$",
        r"(?:올림|드림|씀)\s*$",
        r"안녕하(?:세요|십니까|셨)|잘 지내|보고 싶|소식(?:을)? 전",
    ),
    "invoice": (
        r"\binvoice\b|\bbill to\b|청구|세금계산서",
        r"\b(?:amount|balance|sum) (?:due|owed)\b|\bnet 30\b|\bpayable\b|\bremit\b|납부|입금",
        r"\b(?:vat|sales tax|subtotal)\b|부가세|세액|공급가",
        r"\bunit price\b|\bqty\b|단가",
        r"합계 ?금액|\d원",
        r"\bbank (?:transfer|account|details)\b|계좌",
    ),
    "contract": (
        r"\b(?:agreement|contract|licen[cs]e|terms)\b|계약|약정",
        r"\bparty\b|\bparties\b|당사자|\b갑과\b|임차인|이하 [갑을]",
        r"\bshall\b|지급한다|할 수 없다|아니한다",
        r"\bterminat|\bbreach\b|\bliabil|\bhereby\b|\bwitness whereof\b|해지|위반|배상",
        r"제 ?\d+ ?조",
    ),
    "manual": (
        r"^\W*(?:step )?\d+[.:)]? (?:press|turn|insert|lay|open|close|remove|switch|stand)\b",
        r"\b(?:warning|caution|do not|never)\b|주의|마십시오|지 마[라세]",
        r"(?:^|[.;!] )(?:press|switch|(?:un)?plug|insert|remove|tighten|turn|fill|open|take|fix)\b",
        r"\binstructions\b|\buser guide\b|\bbefore (?:first )?use\b|사용법|설명서|방법",
        r"(?:십시오|[으]?세요|습니다)\.|(?:끈다|연다|끼운다|누른다)\.",
        r"단추|전원|버튼|\bbutton\b|\bscrew|\bappliance\b",
    ),
    "article": (
        r"\bsaid\b|\btold\b|\bannounced\b|고 (?:말|밝|전)|기자",
        r"\byesterday\b|\b(?:on|last) (?:mon|tues|wednes|thurs|fri|satur|sun)day\b|어제|지난 주말",
        r"[\"“][^\"”]{10,}[\"”]",
        r"\bresidents\b|\bcrowds?\b|\bvisitors\b|주민|시민|관광객",
    ),
    "research": (
        r"\babstract\b|초록|주제어|\bkeywords:",
        r"\bwe (?:study|propose|present|hypothesi[sz]ed|show)\b|본 (?:논문|연구)|이 연구|가설",
        r"\bp ?< ?0|\bt ?= ?\d|\bsignificant|유의|상관|회귀|\bregression\b",
        r"\breferences\b|\b(?:prior|earlier) (?:studies|work)\b|\[\d+(?:, ?\d+)*\]",
        r"선행|기존|참고 문헌",
        r"\bexperiment|\bparticipants\b|\bsamples?\b|실험|피험자|표본",
    ),
    "form": (
        r"_{4,}|\.{6,}",
        r"\[ ?\]|[□☐]",
        r"\b(?:name|surname)(?: of \w+)?:? ?[_.]{2}|(?:성명|이름): ?_",
        r"\btick\b|\bblock letters\b|\bcapitals\b|표시하십시오|V표",
        r"\bsignature\b|\bsigned\b|서명",
        r"\bdate of birth\b|생년월일|\bapplica(?:nt|tion)\b|신청",
    ),
}
_COMPILED: Final = {
    label: [re.compile(pattern, re.IGNORECASE | re.MULTILINE) for pattern in patterns]
    for label, patterns in _PATTERNS.items()
}
_ROW: Final = re.compile(r"^\|.*\|$|^[^,;\t\n]*(?:[,;\t][^,;\t\n]*){2,}$")
_NUMBER: Final = re.compile(r"\d")


def shares(text: str) -> dict[str, float]:
    """How full of its markers each label is, from 0 to 1."""
    start = text[:BEGINNING]
    by_pattern = {
        label: min(sum(bool(p.search(start)) for p in patterns), ENOUGH) / ENOUGH
        for label, patterns in _COMPILED.items()
    }
    return {**by_pattern, "data": _in_rows(start)}


def _in_rows(text: str) -> float:
    """The share of lines that are rows of numbers; a text of nothing else is data."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    rows = [line for line in lines if _ROW.match(line) and (_NUMBER.search(line) or "|" in line)]
    share = len(rows) / max(len(lines), 1)
    return share if share > 0.5 and not text.rstrip().endswith(".") else 0.0
