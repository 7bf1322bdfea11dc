"""The command: reads settings and job data, runs one task, prints what has come of it.

Exit codes: 0, it has done its work, whatever it found; 1, it could not; 2, it cannot as it is
written. The document is one line of JSON on standard output; its summary is the termination
message of the Pod.
"""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import orjson
import yaml
from pydantic import ValidationError

from stagekit.contract import ENV_SLOT_TIME
from stagework import logs
from stagework import settings as settings_file
from stagework.alerts.apprise_sink import AppriseSink
from stagework.alerts.memory import MemoryUnavailable
from stagework.alerts.remembered import RememberedAlerts
from stagework.api.base import Resource, explain
from stagework.api.tasks import PROGRAMS, task_object_name
from stagework.children.task_job import TaskJob
from stagework.cluster.client import connection
from stagework.cluster.client.errors import ApiError
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.config_map import ConfigMapMemory
from stagework.policies.secret_texts import without_secrets
from stagework.settings import Settings, SettingsError
from stagework.tasks.registry import RUNS
from stagework.tasks.service import Service, ServiceFailed
from stagework.tasks.surroundings import Report, Surroundings, TaskFailed
from stagework.wall_clock import wall_clock
from stagework.web.https_input import HttpsSource
from stagework.wiring import operator_token, task_defaults

TERMINATION_FILE: Final = Path("/dev/termination-log")
"""The kubelet makes it; elsewhere there is none."""
_MESSAGE_BYTES: Final = 1024

log = logging.getLogger(__name__)


def run(arguments: Sequence[str] | None = None) -> None:
    """Entry point."""
    sys.exit(main(arguments))


def main(arguments: Sequence[str] | None = None) -> int:
    """One task; gives the exit code."""
    given = _parser().parse_args(arguments)
    try:
        settings = settings_file.load()
        logs.configure(settings.logLevel)
        data = read_data(given.task, given.job_data)
        if given.print_job:
            return _print_job(given.task, settings, data)
        report = asyncio.run(_run(given.task, settings, data, dry_run=given.dry_run))
    except (SettingsError, connection.ConnectionSettingsError, JobDataError) as error:
        return _ended(given.task, 2, f"{error}")
    except (TaskFailed, ServiceFailed, ApiError, MemoryUnavailable, OSError) as error:
        return _ended(given.task, 1, f"{error}" or type(error).__name__)
    return _ended(given.task, 0, report.summary, report.document)


class JobDataError(Exception):
    """The job data cannot be used; the text says what to change."""


def read_data(task: str, path: Path | None) -> Resource:
    """The task's own data, checked; without a file all its defaults."""
    try:
        raw: Any = yaml.safe_load(path.read_text()) if path is not None else None
        return PROGRAMS[task].data.model_validate({} if raw is None else raw)
    except OSError as error:
        raise JobDataError(f"cannot read {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise JobDataError(f"{path} is neither JSON nor YAML: {error}") from error
    except ValidationError as error:
        raise JobDataError(f"jobData of {task}: {explain(error)}") from error


async def _run(task: str, settings: Settings, data: Resource, *, dry_run: bool) -> Report:
    async with KubeApi(connection.find()) as api:
        memory = ConfigMapMemory(api, settings.releaseNamespace, task_object_name(task))
        sink = AppriseSink(timeout_seconds=settings.alerts.timeoutSeconds)
        surroundings = Surroundings(
            task=task,
            settings=settings,
            api=api,
            service=Service(settings.api.url, operator_token),
            alerts=RememberedAlerts(sink, memory),
            memory=memory,
            https=lambda limit: HttpsSource(
                settings.artifacts.inputHosts,
                limit,
                internal_hosts=settings.artifacts.internalHosts,
            ),
            now=wall_clock,
            slot=os.environ.get(ENV_SLOT_TIME, ""),
            dry_run=dry_run,
        )
        return await RUNS[task](surroundings, data)


def _print_job(task: str, settings: Settings, data: Resource) -> int:
    name = f"{task_object_name(task)}-{wall_clock():%Y%m%dt%H%M%S}"
    said = data.model_dump(mode="json", exclude_unset=True)
    job = TaskJob(name, PROGRAMS[task], said, task_defaults(settings))
    sys.stdout.write(yaml.safe_dump(job.manifest(), sort_keys=False, allow_unicode=True))
    return 0


def _ended(task: str, code: int, summary: str, document: dict[str, Any] | None = None) -> int:
    shown = without_secrets(summary)
    said = {"task": task, "ok": code == 0, "summary": shown, **(document or {})}
    sys.stdout.write(orjson.dumps(said).decode() + "\n")
    with suppress(OSError):
        if TERMINATION_FILE.exists():
            TERMINATION_FILE.write_bytes(shown.encode()[:_MESSAGE_BYTES])
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stagework.tasks", description=__doc__)
    parser.add_argument("task", choices=sorted(RUNS))
    parser.add_argument("--job-data", type=Path, help="file with the task's data, JSON or YAML")
    parser.add_argument(
        "--print-job",
        action="store_true",
        help="run nothing: print the Job that does, for `kubectl create -f -`",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, do nothing")
    return parser
