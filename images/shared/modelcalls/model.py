"""A Model: one role's endpoint, asked with the `openai` client as this Pod."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import openai
from openai.types.chat import ChatCompletion
from pydantic import TypeAdapter

from modelcalls import replies
from modelcalls.errors import ReplyInvalid
from modelcalls.messages import Message, assistant, system, user
from modelcalls.patience import Patience
from modelcalls.replies import Transcript, Unfit
from stagekit import Endpoint
from stagekit.text import clean

T = TypeVar("T")

MODEL: Final = "endpoint"
"""What stands for the model's name in requests; the API service puts the real one in."""
_SLACK_SECONDS: Final = 5.0
_RULES_MAX_BYTES: Final = 100


class Model:
    """Asks one endpoint; waits where it is busy or away, within the stage's time."""

    def __init__(self, endpoint: Endpoint, machine: str, patience: Patience) -> None:
        self.role = endpoint.role
        self.machine = endpoint.machine or machine
        """Machine class to name in outputs: the server's where the settings say it, or our own."""
        self.json_schema = endpoint.json_schema
        """True where the server keeps to a JSON Schema by itself."""
        self.images = endpoint.images
        """True where its messages may hold pictures."""
        self._patience = patience
        # The client's own log lines would name what is asked for.
        logging.getLogger("openai").setLevel(logging.WARNING)
        self._client = openai.OpenAI(
            base_url=endpoint.url,
            api_key=endpoint.token,
            timeout=endpoint.timeout_seconds + _SLACK_SECONDS,
            max_retries=0,
            # A stage's calls are seconds apart: no connection stays open behind its back.
            default_headers={"Connection": "close"},
            # Stage Pods talk to the API service only: no proxy from the environment.
            http_client=openai.DefaultHttpxClient(trust_env=False),
        )

    def ask(self, messages: Sequence[Message], schema: type[T]) -> T:
        """The reply as `schema` (a pydantic model or dataclass); one repair attempt.

        Raises ReplyInvalid where it does not fit even then.
        """
        adapter: TypeAdapter[T] = TypeAdapter(schema)
        shape = adapter.json_schema()
        reply_format = self._reply_format(schema.__name__, shape)
        prompt = [*messages, *([] if reply_format else [_by_words(shape)])]
        reply = self._chat(prompt, reply_format)
        try:
            return replies.fitted(reply, adapter)
        except Unfit as problem:
            repair = user(
                f"That does not fit: {problem.says}. Answer once more, with the whole JSON object "
                "and nothing else."
            )
        try:
            repaired = self._chat([*prompt, assistant(reply), repair], reply_format)
            return replies.fitted(repaired, adapter)
        except Unfit as problem:
            # The rules that were broken, nothing of the reply itself.
            hint = clean(problem.rules, _RULES_MAX_BYTES)
            raise ReplyInvalid(
                f"the {self.role} reply does not fit after a repair: {hint}"
            ) from None

    def text(self, messages: Sequence[Message]) -> str:
        """The reply as it is; raises ReplyInvalid for an empty one."""
        reply = self._chat(messages, {})
        if not reply.strip():
            raise ReplyInvalid(f"the {self.role} reply is empty")
        return reply

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text; raises ReplyInvalid where they are not what was asked for."""
        answer = self._call(
            lambda: self._client.embeddings.create(
                model=MODEL, input=list(texts), encoding_format="float"
            )
        )
        return replies.vectors(answer.data, len(texts))

    def picture(self, prompt: str, width: int, height: int) -> bytes:
        """A picture's bytes, of about that size; to be checked like any input."""
        size: Any = f"{width}x{height}"
        answer = self._call(
            lambda: self._client.images.generate(
                model=MODEL, prompt=prompt, size=size, n=1, response_format="b64_json"
            )
        )
        return replies.picture_bytes(answer.data[0].b64_json if answer.data else None)

    def transcribe(self, path: Path, language: str = "") -> Transcript:
        """What is said in a recording; `language` as ISO 639-1 where it is known."""

        def send() -> Any:
            with path.open("rb") as file:
                # The file's own name says what it is about and is nobody's business.
                named = (f"recording{path.suffix}", file)
                more: Any = {"language": language} if language else {}
                create: Any = self._client.audio.transcriptions.create
                return create(model=MODEL, file=named, response_format="verbose_json", **more)

        return replies.transcript(self._call(send).model_dump())

    def _reply_format(self, name: str, shape: dict[str, Any]) -> dict[str, Any]:
        if not self.json_schema:
            return {}
        return {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": name[:64], "schema": shape},
            }
        }

    def _chat(self, messages: Sequence[Message], reply_format: Any) -> str:
        given: Any = list(messages)

        def send() -> ChatCompletion:
            create: Any = self._client.chat.completions.create
            return create(model=MODEL, messages=given, **reply_format)

        answer = self._call(send)
        return (answer.choices[0].message.content or "") if answer.choices else ""

    def _call(self, action: Callable[[], T]) -> T:
        return self._patience.ask(action)


def _by_words(shape: dict[str, Any]) -> Message:
    """The schema as words, for servers that know no other way."""
    return system(
        "Answer with one JSON object and nothing else, no fences. It must fit this JSON Schema:\n"
        + json.dumps(shape, ensure_ascii=False)
    )
