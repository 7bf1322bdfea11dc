"""Asks the API service for the digest and has people told of it, once a slot."""

from datetime import timedelta

from stagework.alerts.alerts import Sending
from stagework.api.history import Digest
from stagework.api.tasks import NotificationData
from stagework.tasks.notification.text import digest_message, done_and_failed
from stagework.tasks.queue_totals import queue_totals
from stagework.tasks.surroundings import Report, Surroundings, TaskFailed


async def run(surroundings: Surroundings, data: NotificationData) -> Report:
    """One digest."""
    until = surroundings.now()
    since = until - timedelta(hours=data.hours)
    service = surroundings.service
    digest = await service.get(
        "/v1/digest",
        Digest,
        since=since.isoformat(),
        until=until.isoformat(),
        slowest=str(data.slowest),
    )
    deferred = (await queue_totals(surroundings)).deferred
    where = f"stagework in {surroundings.settings.releaseNamespace}"
    message = digest_message(digest, deferred, where, data.hours)
    sending = Sending.KNOWN
    if not surroundings.dry_run:
        key = f"digest/{surroundings.slot or until.isoformat()}"
        sending = await surroundings.alerts.once(key, message)
    if sending is Sending.FAILED:
        raise TaskFailed("no receiver has taken the digest; see the log")
    done, failed = done_and_failed(digest.runs)
    return Report(
        message.title,
        {
            "done": done,
            "failed": failed,
            "deferred": digest.deferredStages,
            "deferredNow": deferred,
            "slowest": [slow.model_dump() for slow in digest.slowest],
            "message": {"title": message.title, "text": message.text},
            "alert": sending.value,
        },
    )
