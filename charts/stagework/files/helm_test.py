# ruff: noqa: INP001 - mounted as one file, no package
"""`helm test`: makes a PipelineJob of two stages, waits until it is Completed, takes it away.

Standard library only; talks to the API server with the Pod's own token. Exit 0 says that
operator, API server and nodes work together; otherwise the last line says what did not happen.
"""

import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
NAMESPACE = os.environ["TEST_NAMESPACE"]
IMAGE = os.environ["TEST_IMAGE"]
SECONDS = float(os.environ["TEST_SECONDS"])
NAME = os.environ["TEST_NAME"]
SERVER = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}"
RUNS = f"/apis/stagework.dev/v1alpha1/namespaces/{NAMESPACE}/pipelinejobs"

PIPELINE_JOB = {
    "apiVersion": "stagework.dev/v1alpha1",
    "kind": "PipelineJob",
    "metadata": {"name": NAME},
    "spec": {
        "title": "helm test",
        "stages": [
            {"name": "first", "image": IMAGE, "contract": "ExitCode", "command": ["true"]},
            {
                "name": "second",
                "image": IMAGE,
                "contract": "ExitCode",
                "command": ["python3", "-c", "print('the second stage ran')"],
            },
        ],
    },
}


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def request(method: str, path: str, body: object = None) -> Any:
    """One request to the API server; "not found" is None, others from 400 are raised."""
    call = urllib.request.Request(  # noqa: S310
        SERVER + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {(ACCOUNT / 'token').read_text()}",
            "Content-Type": "application/json",
        },
    )
    trust = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    try:
        with urllib.request.urlopen(call, context=trust, timeout=15) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.NOT_FOUND:
            return None
        raise SystemExit(f"{method} {path}: {error.code} {error.read().decode()}") from error


def remove() -> None:
    """Take the PipelineJob away and wait until it is gone."""
    until = time.monotonic() + 60
    while request("DELETE", f"{RUNS}/{NAME}") is not None and time.monotonic() < until:
        time.sleep(1)


def completed(status: dict[str, Any]) -> bool | None:
    """True or False once the run has ended, None before."""
    for condition in status.get("conditions", []):
        if condition["type"] == "Succeeded" and condition["status"] != "Unknown":
            return condition["status"] == "True"
    return None


def watch() -> bool:
    """Print each step; True when the run has completed in time."""
    until = time.monotonic() + SECONDS
    line = ""
    while time.monotonic() < until:
        run: dict[str, Any] = request("GET", f"{RUNS}/{NAME}") or {}
        status: dict[str, Any] = run.get("status", {})
        words = (status.get(key, "") for key in ("summary", "progress", "stage", "message"))
        now = " ".join(filter(None, words)) or "the operator has not seen it yet"
        if now != line:
            line = now
            say(line)
        end = completed(status)
        if end is not None:
            return end
        time.sleep(1)
    say(f"not completed after {SECONDS:.0f} s; last seen: {line}")
    say("check: kubectl get nodes -L stagework.dev/machine, and the operator's log")
    return False


def main() -> int:
    """Run the test; the exit code."""
    remove()
    if request("POST", RUNS, PIPELINE_JOB) is None:
        say("the API server does not know PipelineJobs: install with crds.enabled=true")
        return 1
    say(f"made pipelinejob {NAMESPACE}/{NAME}")
    try:
        good = watch()
    finally:
        remove()
    say("ok: both stages ran" if good else "failed")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
