"""What a piece of work is called: its title, else its file's name, else a basename, else its id."""

from urllib.parse import unquote, urlsplit

from stagework.api.pipelinejob import PipelineJob


def display_title(title: str, filename: str, path: str, identity: str) -> str:
    """The first of these that says anything; of a path its last part."""
    return title.strip() or filename.strip() or basename(path) or identity


def document_id(run: PipelineJob) -> str:
    """What the run works on, the same over many runs: its subject, else its name."""
    return run.spec.subject or run.metadata.name


def title_of(run: PipelineJob) -> str:
    """What people see of the run."""
    address = run.spec.input.uri or "" if run.spec.input is not None else ""
    filename = basename(unquote(urlsplit(address).path))
    return display_title(run.spec.title, filename, run.spec.subject, document_id(run))


def basename(path: str) -> str:
    """The last part of a path; empty where it has none."""
    return path.strip().rstrip("/").rpartition("/")[2].strip()
