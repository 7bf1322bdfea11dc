"""The end of the demo: a Batch of sixty pictures, two of them broken, and those two once more."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hack.demo.pictures import draw
from hack.demo.preparing import clear
from stagework.api import names
from stagework.api.batch import Batch
from stagework.api.batch_book import FAILED
from stagework.api.intervention import Select
from stagework.api.kinds import BATCH, REPROCESS
from stagework.cli.batches import Batches, BatchItems
from stagework.cli.commands.batch.asking import request, spec_of
from stagework.cli.commands.batch.watching import watch
from stagework.cli.commands.session import Session
from stagework.cli.errors import CommandError
from stagework.cli.handed_over import Folder
from stagework.cli.service import ApiService
from stagework.cli.text import batch_page
from stagework.cli.text.next_steps import next_step_of_batch
from stagework.cli.text.transfer import transfer_for
from stagework.cli.uploading import Uploads
from stagework.overview.batch_row import batch_detail

NAME: Final = "shoes"
"""Of the Batch."""
PIPELINE: Final = "ad-evaluate"
PICTURE: Final = "sneaker.png"
CHUNK_SIZE: Final = 10
PARALLELISM: Final = 3


@dataclass(frozen=True)
class BatchDemo:
    """What to run."""

    samples: Path
    """Folder with the picture."""
    pictures: int
    """How many to make of it."""
    timeout_seconds: float
    """For each of the two rounds."""


def show_batch(session: Session, service: ApiService, demo: BatchDemo) -> None:
    """Run it, show what failed, and run exactly that again; raises CommandError."""
    say, namespace = session.terminal.say, service.namespace
    say()
    clear(session, namespace, [NAME], BATCH)
    manifest = _uploaded(session, service, demo)
    session.objects.create(BATCH.resource, namespace, _body(namespace, manifest))
    say(f"batch.stagework.dev/{NAME} created: {demo.pictures} pictures, two of them broken")
    first = _followed(session, namespace, demo)
    say()
    say(f"`stagework batch failed {NAME}`:")
    _show_failed(session, service, first)
    say()
    say(f"`stagework batch reprocess {NAME}` runs those again, and nothing else:")
    request(session, first, spec_of(first, REPROCESS, "the demo", Select(states=[FAILED])))
    second = _followed(session, namespace, demo)
    say()
    step = next_step_of_batch(second, session.home)
    session.terminal.lines(batch_page.sections(batch_detail(second), step, session.now()))


def _uploaded(session: Session, service: ApiService, demo: BatchDemo) -> str:
    source = demo.samples / PICTURE
    if not source.is_file():
        raise CommandError(f"the sample {source} is not there", command=f"ls {demo.samples}")
    with TemporaryDirectory(prefix="stagework-demo-") as folder:
        files = draw(source, Path(folder), demo.pictures)
        with transfer_for(session.terminal, plain=False) as progress:
            uploads = Uploads(service, session.sleep, progress)
            return uploads.manifest(Folder(Path(folder), tuple(files)))


def _body(namespace: str, manifest: str) -> dict[str, Any]:
    return {
        "apiVersion": names.API_VERSION,
        "kind": BATCH.kind,
        "metadata": {"name": NAME, "namespace": namespace},
        "spec": {
            "pipelineRef": {"name": PIPELINE},
            "items": {"manifest": manifest},
            "chunkSize": CHUNK_SIZE,
            "parallelism": PARALLELISM,
            "title": "Shoes of all seasons",
        },
    }


def _followed(session: Session, namespace: str, demo: BatchDemo) -> Batch:
    """As it is once it has ended."""
    watch(session, namespace, NAME, timeout_seconds=demo.timeout_seconds)
    batch = Batches(session.cluster).one(namespace, NAME)
    if not batch.status.ended:
        raise CommandError("stopped; the batch goes on", command=f"stagework batch status {NAME}")
    return batch


def _show_failed(session: Session, service: ApiService, batch: Batch) -> None:
    pages = BatchItems(service, batch).pages(FAILED)
    session.terminal.table(batch_page.failed_table(item for page in pages for item in page))
