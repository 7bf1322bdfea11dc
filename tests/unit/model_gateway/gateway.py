"""The API service with model endpoints, asked as a stage Pod."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagework.model_gateway.endpoint import PATHS
from stagework.settings import EndpointSettings, ModelSettings
from tests.support.modelserver.server import KEY, MODEL
from tests.unit.web.service import Answer, Service, running

PROMPT = "the unmistakable prompt of a marmalade campaign"


@dataclass(frozen=True)
class Gateway:
    """A running service and the token of a stage Pod."""

    service: Service
    token: str

    def get(self, path: str) -> Answer:
        """Ask as the Pod."""
        return self.service.ask("GET", path, self.token)

    def post(self, role: str, body: object, path: str = "") -> Answer:
        """A request of the protocol in JSON, on the role's own path where none is given."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        address = f"/v1/models/{role}/{path or PATHS[role]}"
        return self.service.ask("POST", address, self.token, raw)

    def chat(self, text: str = PROMPT, role: str = "chat", **more: Any) -> Answer:
        """One message."""
        messages = [{"role": "user", "content": text}]
        return self.post(role, {"model": "whatever", "messages": messages, **more})

    def upload(self, fields: dict[str, str], recording: bytes) -> Answer:
        """A recording as a form."""
        parts = [
            f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ]
        head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n'
        body = b"".join([*parts, head, b"\r\n", recording, b"\r\n--edge--\r\n"])
        kind = {"Content-Type": "multipart/form-data; boundary=edge"}
        address = "/v1/models/transcription/audio/transcriptions"
        return self.service.ask("POST", address, self.token, body, kind)


def endpoint(folder: Path, url: str, **more: Any) -> EndpointSettings:
    """Settings of one role, with the test server's key and model."""
    key = folder / "key"
    key.write_text(more.pop("key", KEY) + "\n")
    fields = {"url": url, "model": MODEL, "keyFile": str(key), "timeoutSeconds": 5, **more}
    return EndpointSettings.model_validate(fields)


@contextmanager
def opened(
    folder: Path, url: str, roles: tuple[str, ...] = tuple(PATHS), **more: Any
) -> Generator[Gateway]:
    """The service with these roles on one server."""
    of_role = endpoint(folder, url, **more)
    models = ModelSettings.model_validate({role: of_role.model_dump() for role in roles})
    with running(folder / "volume", models=models) as service:
        run = service.cluster.run()
        yield Gateway(service, service.cluster.stage_pod(run, "planner", "pod-9"))
