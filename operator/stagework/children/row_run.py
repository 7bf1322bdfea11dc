"""The run of a row of the table `jobs`: named by the row's id, so that there is one of each row."""

from typing import Any

from stagework.api import names
from stagework.api.job_rows import TABLE
from stagework.api.kinds import PIPELINEJOB
from stagework.policies.row_mapping import RowRun


def row_manifest(run: RowRun, namespace: str, key: str) -> dict[str, Any]:
    """It as it is sent to the API server; `key` stands in the row, and proves whose run it is."""
    return {
        "apiVersion": PIPELINEJOB.resource.api_version,
        "kind": PIPELINEJOB.kind,
        "metadata": {
            "name": run.name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": "stagework", names.LABEL_LISTENER: TABLE},
            "annotations": {names.ANNOTATION_ROW_KEY: key},
        },
        "spec": dict(run.spec),
    }
