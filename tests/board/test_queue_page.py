"""The queue's page in a real browser, before the real API service."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.board.conftest import Serve
from tests.support.board import seeds
from tests.support.board.browser import complaints, cut_sockets, is_wider_than_the_screen, opened
from tests.support.board.serving import ServedBoard


@pytest.fixture
def board(serve: Serve) -> ServedBoard:
    return serve(seeds.C)


@pytest.fixture
def page(chromium: Browser, board: ServedBoard) -> Iterator[Page]:
    with opened(chromium, board) as page:
        expect(page.locator(".card")).to_have_count(3)
        yield page


SENTENCES = {
    "A": "Working: 3 running, 42 waiting, done in 30 to 48 min.",
    "B": "Working: 3 running, 42 waiting, done in 30 to 48 min; 12 deferred for MacBook.",
    "C": 'Stuck: "Summer shoes" cannot start vlm_analyze for 15 min: image not found: '
    "debian:12-slmi; 12 deferred for MacBook.",
    "D": "Falling behind: classify gets 50 an hour and does 40; no end in sight; "
    "2 failed at embed.",
    "EMPTY": "Nothing queued: nothing has been done yet.",
}


@pytest.mark.parametrize("letter", SENTENCES)
def test_the_sentence_is_the_title_and_says_how_it_stands(
    chromium: Browser, serve: Serve, letter: str
) -> None:
    with opened(chromium, serve(seeds.ALL[letter])) as page:
        expect(page.locator("h1")).to_have_text(SENTENCES[letter])


def test_each_number_is_the_services_own(page: Page, board: ServedBoard) -> None:
    told = page.evaluate("fetch('../v1/queue').then((answer) => answer.json())")
    totals = told["totals"]
    names = ("processing", "pending", "deferred", "failed")
    counts = page.locator(".counts .big").all_inner_texts()

    assert counts == [str(totals[name]) for name in names]
    for place, card in enumerate(told["machines"]):
        shown = page.locator(".card").nth(place)
        expect(shown.locator("h3")).to_have_text(card["label"])
        expect(shown.locator(".card-counts .big")).to_have_text(str(card["pending"]))
        expect(shown.locator("footer")).to_contain_text(f"{card['done_1h']} last h")
    stages = page.locator("section[aria-labelledby=stages] tbody tr")
    assert stages.locator("th").all_inner_texts() == [row["stage"] for row in told["stages"]]


def test_the_count_of_failures_leads_to_so_many_rows(page: Page, board: ServedBoard) -> None:
    page.locator(".counts a", has_text="failed").click()
    expect(page.locator("#attention")).to_be_focused()
    assert page.locator("tr[data-kind=failed]").count() == 2


def test_nothing_is_asked_of_anybody_else_and_the_policy_holds(
    chromium: Browser, board: ServedBoard
) -> None:
    with opened(chromium, board) as page:
        heard, asked = complaints(page), list[str]()
        page.on("request", lambda request: asked.append(request.url))
        page.reload()
        expect(page.locator(".card")).to_have_count(3)

        assert heard == []
        home = board.url.removesuffix("board/")
        assert all(url.startswith((home, "blob:")) for url in asked)
        assert sum("/v1/queue" in url for url in asked) == 1


def test_the_tab_tells_the_worst(page: Page) -> None:
    expect(page).to_have_title("(2 failed) 43 waiting · stagework")


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("letter", ["C", "D", "EMPTY"])
def test_at_360_pixels_nothing_lies_outside_of_the_screen(
    chromium: Browser, serve: Serve, letter: str, language: str
) -> None:
    with opened(chromium, serve(seeds.ALL[letter]), width=360, language=language) as page:
        expect(page.locator(".card")).to_have_count(3)
        assert not is_wider_than_the_screen(page)
        small = page.locator("button:visible, a:visible, select:visible, input:visible")
        for box in (one.bounding_box() for one in small.all()):
            assert box is None or min(box["width"], box["height"]) >= 24, box


def test_the_browsers_language_is_taken_and_can_be_changed(
    chromium: Browser, board: ServedBoard
) -> None:
    with opened(chromium, board, language="ko-KR") as page:
        expect(page.locator("html")).to_have_attribute("lang", "ko")
        expect(page.locator("h1")).to_contain_text("멈춤:")
        page.get_by_role("button", name="English").click()
        expect(page.locator("h1")).to_contain_text("Stuck:")
        page.reload()
        expect(page.locator("h1")).to_contain_text("Stuck:")


def test_an_empty_queue_says_what_to_type(chromium: Browser, serve: Serve) -> None:
    with opened(chromium, serve(seeds.EMPTY)) as page:
        expect(page.locator(".command code")).to_contain_text("kubectl apply")
    with opened(chromium, serve(replace(seeds.EMPTY, nodes=()))) as page:
        expect(page.locator("h1")).to_contain_text("Nothing can run yet")
        expect(page.locator(".command code")).to_contain_text("kubectl label node")


def test_on_a_wall_all_is_seen_without_scrolling_and_nothing_is_to_be_pressed(
    chromium: Browser, board: ServedBoard
) -> None:
    with opened(chromium, board, fragment="#/queue?wall=1", width=1920, height=1080) as page:
        expect(page.locator(".card")).to_have_count(3)
        assert page.evaluate("getComputedStyle(document.querySelector('h1')).fontSize") == "60px"
        assert page.evaluate("document.scrollingElement.scrollHeight") <= 1080
        expect(page.locator("header.bar button:visible, input:visible")).to_have_count(0)
        expect(page.locator(".live time")).to_be_visible()


# --- acts


def test_a_retry_is_previewed_and_then_asked_for_once(page: Page, board: ServedBoard) -> None:
    made = board.cluster.queue.made
    page.get_by_label("Select Walk at dusk").check()
    page.get_by_role("button", name="Retry 1 selected…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Starts: ocr_eval, attempt 4.")
    expect(dialog).to_contain_text("Waits again: readability_eval.")
    expect(dialog).to_contain_text("Kept: 3 stages.")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    assert made == []

    dialog.get_by_role("button", name="Retry 1 stage").dblclick()
    expect(page.get_by_role("alert")).to_contain_text(
        "Retry asked: requested 1, retried 1, not retried 0"
    )
    assert [one["spec"]["verb"] for one in made] == ["Retry"]
    assert made[0]["spec"]["attempt"] == 3


def test_a_skip_must_say_why(page: Page, board: ServedBoard) -> None:
    page.get_by_label("Select Walk at dusk").check()
    page.get_by_role("button", name="Skip 1 selected…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Stays not run: readability_eval.")
    button = dialog.get_by_role("button", name="Skip 1 stage")
    expect(button).to_be_disabled()
    dialog.get_by_label("Why").fill("the font will never come")
    button.click()

    expect(page.get_by_role("alert")).to_contain_text("skipped 1")
    assert board.cluster.queue.made[0]["spec"]["reason"] == "the font will never come"


def test_what_changed_since_is_refused_with_its_reason(page: Page, board: ServedBoard) -> None:
    page.get_by_label("Select Walk at dusk").check()
    board.cluster.queue.refusal = "a policy says no"
    page.get_by_role("button", name="Retry 1 selected…").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry 1 stage").click()

    expect(page.get_by_role("alert")).to_contain_text("not retried 1")
    expect(page.get_by_role("alert")).to_contain_text("Walk at dusk, ocr_eval: a policy says no")


def test_without_rights_the_button_says_why_and_does_nothing(
    chromium: Browser, board: ServedBoard
) -> None:
    board = replace(board, token=board.cluster.person("bob", ("list", ""), ("get", "")))
    with opened(chromium, board) as page:
        page.get_by_label("Select Walk at dusk").check()
        button = page.get_by_role("button", name="Retry 1 selected…")
        expect(button).to_have_attribute("title", "You may not create interventions in daily.")
        button.click(force=True)  # as a person would, though it says that it is disabled
        expect(page.get_by_role("dialog")).to_have_count(0)


# --- keys


def test_all_of_it_goes_by_keys(page: Page, board: ServedBoard) -> None:
    keys = page.keyboard
    keys.press("j")
    keys.press("j")
    expect(page.get_by_role("button", name="Walk at dusk")).to_be_focused()
    keys.press("r")
    expect(page.get_by_role("dialog")).to_contain_text("Starts: ocr_eval")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("retried 1")
    keys.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("retry, skip")
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    keys.press("g")
    keys.press("f")
    expect(page.locator("h1")).to_have_text("Fleet")


def test_keys_are_dead_while_somebody_types(page: Page) -> None:
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("walk ? t")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#search")).to_have_value("walk ? t")
    page.locator("#search").fill("walk")
    expect(page.locator("tr[data-id]")).to_have_count(1)
    page.reload()
    expect(page.locator("tr[data-id]")).to_have_count(1)


# --- live


def test_a_new_picture_changes_numbers_and_keeps_the_focus(page: Page, board: ServedBoard) -> None:
    row = page.get_by_role("button", name="Walk at dusk")
    row.focus()
    board.show(seeds.A)
    board.cluster.queue.runs.append(seeds.C.runs[-2])
    expect(page.locator(".counts .big").nth(3)).to_have_text("1", timeout=15_000)
    expect(row).to_be_focused()


def test_rows_hold_still_under_the_pointer(page: Page, board: ServedBoard) -> None:
    rows = page.locator("tr[data-id] .link")
    before = rows.all_inner_texts()
    rows.first.hover()
    newest = seeds.failed("new", "Brand new", "ocr_eval", 1, "font was missing")
    board.cluster.queue.runs.append(newest)
    expect(page.locator(".counts .big").nth(3)).to_have_text("3", timeout=15_000)
    assert rows.all_inner_texts() == before
    page.mouse.move(0, 0)
    expect(page.get_by_role("button", name="Brand new")).to_be_visible()


def test_a_service_that_does_not_answer_is_said_within_ten_seconds(
    page: Page, board: ServedBoard
) -> None:
    page.context.route("**/v1/queue*", lambda route: route.abort())
    cut_sockets(page)
    expect(page.locator("h1")).to_contain_text("Not live: this is the picture of", timeout=20_000)
    expect(page.locator(".live")).to_have_class("live off")
    page.context.unroute("**/v1/queue*")
    cut_sockets(page, cut=False)
    page.evaluate("dispatchEvent(new Event('online'))")
    page.context.route(
        "**/v1/**",
        lambda route: route.continue_(
            headers={**route.request.headers, "authorization": f"Bearer {board.token}"}
        ),
    )
    expect(page.locator("h1")).to_contain_text("Stuck:", timeout=20_000)


def test_who_is_not_signed_in_is_told_how_and_nobody_is_asked_again(
    chromium: Browser, board: ServedBoard
) -> None:
    with opened(chromium, board, signed_in=False) as page:
        expect(page.locator("h1")).to_have_text("Sign in")
        expect(page.locator("code").first).to_have_text("stagework board")
        page.get_by_label("Token").fill(board.token)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("h1")).to_contain_text("Stuck:")
        kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
        assert board.token not in kept


def test_who_may_see_nothing_is_told_which_right_is_missing(
    chromium: Browser, board: ServedBoard
) -> None:
    board = replace(board, token=board.cluster.person("eve"))
    with opened(chromium, board) as page:
        expect(page.locator("h1")).to_contain_text("No rights")
        expect(page.locator(".command code")).to_contain_text("kubectl create rolebinding")
