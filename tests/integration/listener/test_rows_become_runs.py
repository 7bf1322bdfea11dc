"""A row becomes a run named by its id, once; a row that cannot is told why, and disturbs nobody."""

import asyncio

import orjson
import psycopg2
import pytest

from stagework.api.job_rows import RowMapping
from stagework.cluster.client.errors import Unreachable
from stagework.listener.errors import ChangeRefused, TableUnusable
from stagework.listener.migrate import upgrade
from stagework.listener.rows import Postponed, Reservation, Rows
from stagework.listener.runs import Made, Refused, Runs
from stagework.policies.row_mapping import RowRun
from tests.support.fakeapi.eventually import eventually
from tests.support.fakeapi.failures import Failure, forbidden, invalid, not_found
from tests.support.fakeapi.faults import Seen, Verdict
from tests.support.fakeapi.resources import NAMESPACES, PIPELINE_JOBS
from tests.support.history.postgresql import Server
from tests.support.listener import (
    LISTENER_ROLE,
    MAPPING,
    NAMESPACE,
    Table,
    cluster,
    listening,
    making,
    new_database,
    refuse_in,
    table,
)

SECONDS = 20


async def test_a_row_becomes_a_run_of_its_name_with_what_its_columns_say(jobs: Table) -> None:
    row = jobs.insert("acme", "red shoes", input="s3://ads/1.png", params='{"size": 1080}')
    async with cluster() as ads, making(jobs.settings, ads.api) as one:
        await one.making.one_pass()
        run = ads.runs()[row]
        assert run["spec"] == {
            "pipelineRef": {"name": "ad-image"},
            "params": {"prompt": "red shoes", "size": "1080"},
            "title": "red shoes",
            "tenant": "acme",
            "input": {"uri": "s3://ads/1.png"},
        }
        assert run["metadata"]["labels"]["stagework.dev/listener"] == "jobs"
        stored = jobs.row(row)
        assert stored["run_uid"] == run["metadata"]["uid"]
        assert stored["run_namespace"] == NAMESPACE
        assert one.recorded == [run["metadata"]["uid"]]


async def test_tenants_have_namespaces_and_pipelines_of_their_own(server: Server) -> None:
    by_word = RowMapping(namespace="red", pipelineColumn="title", pipelines={"banner": "ad-banner"})
    jobs = table(server, tenants={"acme": by_word, "*": MAPPING})
    rows = [jobs.insert("acme", "banner"), jobs.insert("other"), jobs.insert("acme", "poster")]
    async with cluster() as ads, making(jobs.settings, ads.api) as one:
        await one.making.one_pass()
        assert ads.runs("red")[rows[0]]["spec"]["pipelineRef"] == {"name": "ad-banner"}
        assert set(ads.runs()) == {rows[1]}
    status, _, error = jobs.shows(rows[2])
    assert (status, error) == ("failed", "column title: 'poster' means no Pipeline; known: banner")


HOSTILE: dict[str, tuple[str, dict[str, str], str]] = {
    "a tenant that is not known": ("nobody", {}, "is not in settings.listener.tenants"),
    "an address that is none": ("acme", {"input": "file:///etc/passwd"}, "input.uri"),
    "an object that is a list": ("acme", {"params": "[1]"}, "no JSON object"),
    "a param that is no name": ("acme", {"params": '{"Bad Name": "x"}'}, "params"),
    "two params of one variable": ("acme", {"params": '{"a-b": "1", "a_b": "2"}'}, "rename one"),
    "an object within": ("acme", {"params": '{"a": {"b": 1}}'}, "no plain value"),
    "a text that is huge": ("acme", {"title": "x" * 5_000_000}, "64 KiB"),
    "an object that is huge": (
        "acme",
        {"params": orjson.dumps({"a": "x" * 5_000_000}).decode()},
        "letters",
    ),
    "too many params": (
        "acme",
        {"params": orjson.dumps({f"p{n}": "1" for n in range(40)}).decode()},
        "32 at most",
    ),
    "a tenant that is huge": ("t" * 5_000, {}, "tenant_id"),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_a_row_that_cannot_become_a_run_says_why_and_others_go_on(
    server: Server, what: str
) -> None:
    jobs = table(server, tenants={"acme": MAPPING})
    tenant, columns, word = HOSTILE[what]
    bad = jobs.insert(tenant, **columns)
    good = jobs.insert()
    async with cluster() as ads, making(jobs.settings, ads.api) as one:
        await one.making.one_pass()
        assert set(ads.runs()) == {good}
    status, _, error = jobs.shows(bad)
    assert status == "failed"
    assert word in error
    assert len(error.encode()) < 600


async def test_names_nul_and_wild_texts_in_a_table_of_others(server: Server) -> None:
    jobs = new_database(server)
    jobs.execute(
        "CREATE TABLE jobs (id text, tenant_id text, current_step text, status text, "
        "created_at timestamptz DEFAULT now(), title text, input text, params json)"
    )
    upgrade(jobs.settings)
    ids = ["ok-1", "UPPER", "../../etc", "a b", "x" * 400, "", "naïve", "'; DROP TABLE jobs; --"]
    for row in ids:
        jobs.insert(id=row, status="queued", current_step="")
    nul = jobs.insert(id="nul", status="queued", current_step="", params='{"a": "x\\u0000y"}')
    async with cluster() as ads, making(jobs.settings, ads.api) as one:
        await one.making.one_pass()
        assert set(ads.runs()) == {"ok-1"}
    for row in ids[1:]:
        status, _, error = jobs.shows(row)
        assert (status, "cannot name a PipelineJob" in error) == ("failed", True), row
    assert "NUL" in jobs.shows(nul)[2]


async def test_a_table_with_the_same_id_twice_is_not_taken(server: Server) -> None:
    jobs = new_database(server)
    jobs.execute(
        "CREATE TABLE jobs (id text, tenant_id text, current_step text, status text, "
        "created_at timestamptz, title text, input text, params json)"
    )
    jobs.execute("INSERT INTO jobs (id) VALUES ('twice'), ('twice')")
    with pytest.raises(ChangeRefused, match="could not create unique index"):
        upgrade(jobs.settings)


async def test_a_row_that_was_mended_is_taken_when_it_is_queued_again(jobs: Table) -> None:
    row = jobs.insert(input="no address")
    async with cluster() as ads, making(jobs.settings, ads.api) as one:
        await one.making.one_pass()
        assert jobs.shows(row)[0] == "failed"
        jobs.execute("UPDATE jobs SET input = 's3://a/b', status = 'queued'")
        await one.making.one_pass()
        assert set(ads.runs()) == {row}
        assert jobs.shows(row) == ("queued", "", "")


async def test_a_name_that_somebody_else_has_taken_is_said_and_left_alone(jobs: Table) -> None:
    row = jobs.insert()
    async with cluster() as ads, making(jobs.settings, ads.api) as one:
        theirs = {"metadata": {"name": row}, "spec": {"pipelineRef": {"name": "theirs"}}}
        ads.server.store.create(PIPELINE_JOBS, NAMESPACE, theirs)
        await one.making.one_pass()
        assert ads.runs()[row]["spec"]["pipelineRef"] == {"name": "theirs"}
    status, _, error = jobs.shows(row)
    assert status == "failed"
    assert "was not made of this row" in error


async def test_what_the_api_server_refuses_for_good_fails_the_row(jobs: Table) -> None:
    row, good = jobs.insert(title="bad"), jobs.insert()
    async with cluster() as ads, making(jobs.settings, ads.api) as one:

        async def refuse(seen: Seen) -> Verdict:
            bad = seen.verb == "POST" and seen.json()["metadata"]["name"] == row
            return invalid(PIPELINE_JOBS, row, "spec.params", "no such param") if bad else None

        ads.server.faults.before.append(refuse)
        await one.making.one_pass()
        assert set(ads.runs()) == {good}
    status, _, error = jobs.shows(row)
    assert status == "failed"
    assert "no such param" in error


async def test_a_missing_right_makes_a_row_wait_with_its_cause_and_holds_up_nobody(
    jobs: Table,
) -> None:
    row, good = jobs.insert(title="denied"), jobs.insert()
    async with cluster() as ads, making(jobs.settings, ads.api) as one:

        async def refuse(seen: Seen) -> Verdict:
            bad = seen.verb == "POST" and seen.json()["metadata"]["name"] == row
            return forbidden(seen.right, row) if bad else None

        ads.server.faults.before.append(refuse)
        await one.making.one_pass()
        assert set(ads.runs()) == {good}
        status, _, error = jobs.shows(row)
        assert status == "queued"
        assert "may not be made" in error
        ads.server.faults.clear()
        await one.making.one_pass()
        assert row not in ads.runs(), "not before its time"
        jobs.execute("UPDATE jobs SET try_after = now()")
        await one.making.one_pass()
        assert row in ads.runs()
    assert jobs.shows(row) == ("queued", "", "")


async def test_a_row_that_takes_no_change_leaves_the_others_alone(jobs: Table) -> None:
    check = "title <> 'stubborn' OR run_key IS NULL"
    jobs.execute(f"ALTER TABLE jobs ADD CONSTRAINT unmoved CHECK ({check})")
    stubborn, *rows = [jobs.insert(title=word) for word in ("stubborn", *"abcdef")]
    async with cluster() as ads, making(jobs.settings, ads.api) as one:
        await one.making.one_pass()
        assert set(ads.runs()) == set(rows)
    assert jobs.row(stubborn)["run_key"] is None, "and so it has no run"


async def test_a_table_whose_status_is_no_text_is_said_and_not_used(server: Server) -> None:
    jobs = new_database(server)
    jobs.execute("CREATE TYPE word AS ENUM ('queued', 'running', 'done', 'failed')")
    jobs.execute(
        "CREATE TABLE jobs (id text, tenant_id text, current_step text, status word, "
        "created_at timestamptz, title text, input text, params json)"
    )
    upgrade(jobs.settings)
    rows = Rows(jobs.settings)
    with pytest.raises(TableUnusable, match="status is of type word"):
        await rows.check()
    await rows.close()


class Puzzled(Runs):
    """Fails on one row as nobody foresaw."""

    async def make(self, wanted: Reservation, run: RowRun) -> Made | Refused | Postponed:
        if wanted.row.tenant == "odd":
            raise RuntimeError("what is this?")
        return await super().make(wanted, run)


async def test_what_nobody_foresaw_is_the_trouble_of_its_row_alone(jobs: Table) -> None:
    row, good = jobs.insert("odd"), jobs.insert()
    async with cluster() as ads, making(jobs.settings, ads.api, runs_of=Puzzled) as one:
        await one.making.one_pass()
        assert set(ads.runs()) == {good}
    status, _, error = jobs.shows(row)
    assert (status, "what is this?" in error) == ("queued", True)


async def test_an_answer_that_is_lost_makes_no_second_run(jobs: Table) -> None:
    row = jobs.insert()
    async with cluster() as ads, making(jobs.settings, ads.api) as one:
        ads.server.faults.lose_answer(lambda seen: seen.verb == "POST", times=1)
        with pytest.raises(Unreachable):
            await one.making.one_pass()
        uid = ads.runs()[row]["metadata"]["uid"]
        await one.making.one_pass()
        assert jobs.row(row)["run_uid"] == uid
        assert [*ads.runs()] == [row]


async def test_two_listeners_at_once_make_one_run_of_each_row(jobs: Table) -> None:
    rows = {jobs.insert() for _ in range(60)}
    async with (
        cluster() as ads,
        making(jobs.settings, ads.api) as one,
        making(jobs.settings, ads.api) as other,
    ):
        await asyncio.gather(*(side.making.one_pass() for side in (one, other, one, other)))
        assert set(ads.runs()) == rows
        assert ads.server.record.counts["POST pipelinejobs"] == len(rows)
    recorded = {str(row["run_uid"]) for row in jobs.execute("SELECT run_uid FROM jobs")}
    assert len(recorded) == len(rows)


async def test_a_map_that_has_changed_does_not_move_a_row_that_has_its_place(
    server: Server,
) -> None:
    jobs = table(server)
    row = jobs.insert()
    async with cluster() as ads:
        async with making(jobs.settings, ads.api) as one:
            await one.making.one_pass()
            uid = ads.runs()[row]["metadata"]["uid"]
        # As if the process had died before it could record the uid.
        jobs.execute("UPDATE jobs SET run_uid = NULL")
        for tenants in ({"*": MAPPING.model_copy(update={"namespace": "elsewhere"})}, {}):
            changed = jobs.settings.model_copy(update={"tenants": tenants})
            jobs.execute("UPDATE jobs SET run_uid = NULL")
            async with making(changed, ads.api) as one:
                await one.making.one_pass()
            assert jobs.row(row)["run_uid"] == uid
            assert ads.runs("elsewhere") == {}


TYPO = "asd"
DENIALS: dict[str, Failure] = {
    "the namespace is missing": not_found(NAMESPACES, TYPO),
    "the right is missing": forbidden(("stagework.dev", "pipelinejobs", "create"), ""),
}


@pytest.mark.parametrize("denial", DENIALS)
async def test_a_row_of_a_mistyped_namespace_goes_where_the_corrected_map_says(
    jobs: Table, denial: str
) -> None:
    async def refuse(seen: Seen) -> Verdict:
        return DENIALS[denial] if seen.namespace == TYPO else None

    row = jobs.insert()
    mistyped = {"*": MAPPING.model_copy(update={"namespace": TYPO})}
    before = jobs.settings.model_copy(update={"tenants": mistyped})
    async with cluster() as ads:
        ads.server.faults.before.append(refuse)
        async with making(before, ads.api) as one:
            await one.making.one_pass()
        assert jobs.shows(row)[0] == "queued"
        jobs.execute("UPDATE jobs SET try_after = now()")
        async with making(jobs.settings, ads.api) as one:
            await one.making.one_pass()
        assert set(ads.runs()) == {row}
    assert jobs.shows(row) == ("queued", "", "")


async def test_a_place_of_an_earlier_try_is_kept_where_a_right_is_missing(jobs: Table) -> None:
    row = jobs.insert()
    jobs.execute("UPDATE jobs SET run_namespace = 'left', run_key = 'of an earlier try'")
    async with cluster() as ads:
        ads.server.faults.before.append(refuse_in("left"))
        async with making(jobs.settings, ads.api) as one:
            await one.making.one_pass()
        assert ads.runs() == {}, "it may have its run already"
    assert jobs.row(row)["run_key"] == "of an earlier try"


async def test_a_row_whose_place_may_not_be_read_any_more_waits_and_holds_up_nobody(
    jobs: Table,
) -> None:
    row = jobs.insert()
    jobs.execute("UPDATE jobs SET run_namespace = 'left', run_key = 'of an earlier try'")
    good = jobs.insert("acme")
    async with cluster() as ads:
        ads.server.faults.before.append(refuse_in("left"))
        jobs.execute("UPDATE jobs SET tenant_id = 'unknown' WHERE id::text = %s", row)
        only = jobs.settings.model_copy(update={"tenants": {"acme": MAPPING}})
        async with making(only, ads.api) as one:
            await one.making.one_pass()
        assert set(ads.runs()) == {good}
    stored = jobs.row(row)
    assert (stored["status"], stored["run_key"]) == ("queued", "of an earlier try")
    assert "may not be read" in stored["error_message"]
    assert stored["try_after"] is not None, "it is not among the oldest at once"


async def test_the_listener_hears_of_a_row_without_waiting_for_its_scan(server: Server) -> None:
    jobs = table(server, scanSeconds=3600)
    async with cluster() as ads, listening(jobs.settings, ads.api) as listener:
        await eventually(lambda: listener.ready, seconds=SECONDS)
        row = jobs.insert()
        await eventually(lambda: row in ads.runs(), seconds=SECONDS)


async def test_a_notification_that_is_lost_costs_a_scan_and_no_row(jobs: Table) -> None:
    jobs.execute("DROP TRIGGER jobs_inserted ON jobs")
    async with cluster() as ads, listening(jobs.settings, ads.api) as listener:
        await eventually(lambda: listener.ready, seconds=SECONDS)
        row = jobs.insert()
        await eventually(lambda: row in ads.runs(), seconds=SECONDS)


async def test_rows_that_come_while_nobody_listens_are_taken_at_the_start(jobs: Table) -> None:
    rows = {jobs.insert() for _ in range(450)}
    async with cluster() as ads, listening(jobs.settings, ads.api):
        await eventually(lambda: set(ads.runs()) == rows, seconds=SECONDS)


async def test_the_role_reads_and_writes_what_it_uses_and_nothing_else(jobs: Table) -> None:
    jobs.insert()
    for statement in (
        "INSERT INTO jobs (tenant_id) VALUES ('x')",
        "DELETE FROM jobs",
        "TRUNCATE jobs",
        "UPDATE jobs SET tenant_id = 'x'",
        "UPDATE jobs SET title = 'x'",
        "UPDATE jobs SET created_at = now()",
        "ALTER TABLE jobs ADD COLUMN x text",
        "CREATE TABLE others (id int)",
        "SELECT * FROM stagework_jobs_version",
    ):
        with (
            jobs.connected(LISTENER_ROLE) as connection,
            connection.cursor() as cursor,
            pytest.raises(psycopg2.Error, match=r"permission denied|must be owner"),
        ):
            cursor.execute(statement)
