from stagework.api import names
from stagework.cli.text.monitor_lines import stage_words
from tests.support.builders.written_runs import stage


def test_a_failure_says_why() -> None:
    failed = stage("a", "Failed", reason="OutOfMemory", message="killed at 512Mi")
    assert stage_words(failed) == "failed - OutOfMemory: killed at 512Mi"


def test_a_second_attempt_is_said_with_its_number() -> None:
    waits = stage("a", attempt=2, reason=names.WAIT_BACKOFF, message="10 s")
    assert stage_words(waits) == "waiting (attempt 2) - BackOff: 10 s"
    assert stage_words(stage("a", "Running", attempt=2)) == "running (attempt 2)"


def test_a_stage_that_is_done_is_done_whatever_it_took() -> None:
    assert stage_words(stage("a", "Succeeded", attempt=3)) == "done"


def test_a_stage_that_will_not_run_is_said_in_words() -> None:
    not_run = stage("a", "NotRun", reason=names.UPSTREAM_FAILED)
    assert stage_words(not_run) == "not run - UpstreamFailed"
