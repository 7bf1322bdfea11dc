"""The page of a run in a real browser, before the real API service."""

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from stagework.artifacts.local import LocalStore
from tests.board.conftest import Serve
from tests.support.board import seeds
from tests.support.board.browser import opened
from tests.support.board.serving import READ, ServedBoard
from tests.support.modelserver.answers import png

RUN = f"#/run/{seeds.NAMESPACE}"
FAILED = f"{RUN}/ad-3b87"
AT_WORK = f"{RUN}/ad-7c11"


@pytest.fixture
def board(serve: Serve) -> ServedBoard:
    return serve(seeds.C)


def test_a_run_says_why_it_failed_and_what_to_do(chromium: Browser, board: ServedBoard) -> None:
    with opened(chromium, board, fragment=FAILED) as page:
        expect(page.locator("h1")).to_have_text("StageFailed: font was missing")
        expect(page.locator(".node")).to_have_count(5)
        command = "stagework logs ad-3b87 ocr_eval -n daily"
        expect(page.locator(".next-step code")).to_have_text(command)
        page.get_by_role("button", name="Attempts").click()
        expect(page.locator("section[aria-labelledby=chosen] tbody tr")).to_have_count(3)
        page.get_by_role("button", name="Retry…").click()
        expect(page.get_by_role("dialog")).to_contain_text("Starts: ocr_eval, attempt 4.")


def test_a_run_that_has_gone_leads_to_history(chromium: Browser, board: ServedBoard) -> None:
    with opened(chromium, board, fragment=f"{RUN}/gone") as page:
        page.get_by_role("link", name="See what history knows of it").click()
        expect(page.locator("h1")).to_have_text("History")


def test_the_chosen_stage_and_tab_stand_in_the_address(
    chromium: Browser, board: ServedBoard
) -> None:
    with opened(chromium, board, fragment=FAILED) as page:
        page.locator(".node", has_text="overlay").click()
        page.get_by_role("button", name="Attempts").click()
        expect(page).to_have_url(f"{board.url}{FAILED}/overlay?tab=attempts")
        page.reload()
        expect(page.locator("#chosen")).to_have_text("overlay")
        expect(page.get_by_role("button", name="Attempts")).to_have_attribute(
            "aria-pressed", "true"
        )


def test_a_waiting_stage_says_its_place_who_has_the_slots_and_when_it_starts(
    chromium: Browser, board: ServedBoard
) -> None:
    with opened(chromium, board, fragment=f"{RUN}/embed-3") as page:
        queued = page.locator(".queued")
        expect(queued).to_contain_text("Place 24 of 34 for GPU server.")
        expect(queued).to_contain_text("2 of 2 slots are taken, by:")
        expect(queued).to_contain_text("tart")
        queued.get_by_role("link", name="Coffee poster").click()
        expect(page.locator("h1")).to_contain_text("Running:")


# --- acts


def test_a_run_is_stopped_once_with_a_reason_after_its_preview(
    chromium: Browser, board: ServedBoard
) -> None:
    made = board.cluster.queue.made
    with opened(chromium, board, fragment=AT_WORK) as page:
        page.get_by_role("button", name="Stop…").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Ends now: overlay.")
        expect(dialog).to_contain_text("Stays not run: ocr_eval, readability_eval.")
        expect(dialog).to_contain_text("Kept: the results of 2 stages.")
        expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        button = dialog.get_by_role("button", name="Stop run")
        expect(button).to_be_disabled()
        assert made == []
        dialog.get_by_label("Why").fill("wrong picture")
        button.dblclick()
        expect(page.get_by_role("alert")).to_contain_text("Stop: asked for.")
    assert [(one["spec"]["verb"], one["spec"]["reason"]) for one in made] == [
        ("Stop", "wrong picture")
    ]


def test_what_waits_for_a_persons_word_is_approved(chromium: Browser, serve: Serve) -> None:
    board = serve(seeds.HELD)
    with opened(chromium, board, fragment=f"{RUN}/letter-7") as page:
        page.get_by_role("button", name="Approve…").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Lets summarize start.")
        dialog.get_by_role("button", name="Approve summarize").click()
        expect(page.get_by_role("alert")).to_contain_text("Approve: asked for.")
    assert [one["spec"]["verb"] for one in board.cluster.queue.made] == ["Approve"]


def test_without_the_right_a_button_says_which_is_missing(
    chromium: Browser, board: ServedBoard
) -> None:
    rights = (*READ, ("create interventions", seeds.NAMESPACE))
    board = replace(board, token=board.cluster.person("bob", *rights))
    with opened(chromium, board, fragment=AT_WORK) as page:
        button = page.get_by_role("button", name="Stop…")
        lacks = "You may not create interventions, or stop pipelinejobs, in daily."
        expect(button).to_have_attribute("title", lacks)
        button.click(force=True)  # as a person would, though it says that it is disabled
        expect(page.get_by_role("dialog")).to_have_count(0)


# --- logs


def test_the_log_of_a_stage_at_work_goes_on_as_it_is_written(
    chromium: Browser, board: ServedBoard
) -> None:
    board.at_work("ad-7c11", "overlay", b"page 1\n")
    with opened(chromium, board, fragment=f"{AT_WORK}/overlay?tab=log") as page:
        expect(page.locator(".log")).to_have_text("page 1\n")
        expect(page.get_by_role("button", name="attempt 1, live")).to_be_visible()
        board.at_work("ad-7c11", "overlay", b"page 1\npage 2\n")
        expect(page.locator(".log")).to_contain_text("page 2")


def test_who_may_not_read_logs_is_told_which_right_is_missing(
    chromium: Browser, board: ServedBoard
) -> None:
    board.at_work("ad-7c11", "overlay", b"a secret\n")
    rights = [right for right in READ if right[0] != "get pods/log"]
    board = replace(board, token=board.cluster.person("bob", *rights))
    with opened(chromium, board, fragment=f"{AT_WORK}/overlay?tab=log") as page:
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("you may not get pods/log in namespace 'daily'")
        expect(page.locator(".log")).to_have_count(0)


# --- outputs


def test_what_a_stage_has_left_is_shown_as_text_and_never_run(
    chromium: Browser, board: ServedBoard
) -> None:
    board.leave("ad-3b87", "overlay", {"page.html": b"<script>document.title = 'stolen'</script>"})
    with opened(chromium, board, fragment=f"{FAILED}/overlay?tab=outputs") as page:
        page.get_by_role("button", name="Show").click()
        expect(page.locator(".files pre")).to_contain_text("<script>")
        assert page.title() != "stolen"


def test_pictures_and_small_texts_are_seen_at_once(chromium: Browser, board: ServedBoard) -> None:
    left = {
        "poster.png": png("poster", 64, 64),
        "report.json": b'{"score": 0.9}',
        "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    }
    board.leave("ad-3b87", "overlay", left)
    with opened(chromium, board, fragment=f"{FAILED}/overlay?tab=outputs") as page:
        picture = page.get_by_role("img", name="poster.png")
        expect(picture).to_be_visible()
        assert picture.evaluate("shown => shown.naturalWidth") == 64
        expect(page.locator(".files pre")).to_have_text('{\n  "score": 0.9\n}')
        assert page.locator(".files img").count() == 1
        with page.expect_download() as downloaded:
            page.locator("li", has_text="drawing.svg").get_by_role(
                "button", name="Download"
            ).click()
        assert downloaded.value.suggested_filename == "drawing.svg"


def test_what_lies_in_a_bucket_comes_through_the_service(
    chromium: Browser, board: ServedBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def elsewhere(_store: LocalStore, key: str) -> str:
        return f"https://s3.example.org/{key}"

    monkeypatch.setattr(LocalStore, "presign_get", elsewhere)
    board.leave("ad-3b87", "overlay", {"poster.png": png("poster", 64, 64), "a.txt": b"alpha"})
    with opened(chromium, board, fragment=f"{FAILED}/overlay?tab=outputs") as page:
        picture = page.get_by_role("img", name="poster.png")
        expect(picture).to_be_visible()
        assert picture.evaluate("shown => shown.naturalWidth") == 64
        expect(page.locator(".files pre")).to_have_text("alpha")


def test_the_service_lets_no_file_run_as_a_page(chromium: Browser, board: ServedBoard) -> None:
    board.leave("ad-3b87", "overlay", {"page.html": b"<script>1</script>"})
    with opened(chromium, board, fragment=FAILED) as page:
        path = f"../v1/artifacts/{seeds.NAMESPACE}/uid-ad-3b87/overlay/1-pod-1/page.html"
        headers = page.evaluate(
            f"fetch({path!r}).then((answer) => Object.fromEntries(answer.headers))"
        )
    assert headers["content-disposition"] == "attachment"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox")
    assert headers["content-type"] == "application/octet-stream"
