"""The HTTP face of the store: paths, verbs, patches, watches, faults."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Container
from email.utils import format_datetime
from typing import Any, Final, Self

import orjson
from aiohttp import web

from tests.support.fakeapi.failures import Failure, bad_request, forbidden, invalid
from tests.support.fakeapi.faults import Cut, Faults, Record, Seen, Verdict, ask
from tests.support.fakeapi.listing import Lists
from tests.support.fakeapi.patches import PatchError, json_patch, merge, strategic
from tests.support.fakeapi.resources import Json, Resource
from tests.support.fakeapi.routes import Route, discovery, parse
from tests.support.fakeapi.selectors import Matcher, selector
from tests.support.fakeapi.store import Store
from tests.support.fakeapi.watching import follow

_JSON: Final = {"Content-Type": "application/json"}


class FakeApi:
    """An API server on the loopback interface; `async with` it and use `url`."""

    def __init__(
        self,
        store: Store | None = None,
        *,
        port: int = 0,
        bookmark_seconds: float = 60.0,
        token: str | None = None,
        rights: Container[tuple[str, str, str]] | None = None,
    ) -> None:
        """Serve `store`; where `token` is given, other bearers get 401.

        `rights`: group, resource and verb of what is allowed; everything else gets 403.
        """
        self.store = store or Store()
        self.faults = Faults()
        self.record = Record()
        self.lists = Lists(self.store)
        self.token = token
        self.rights = rights
        self.bookmark_seconds = bookmark_seconds
        self.url = ""
        self._port = port
        self._runner: web.ServerRunner | None = None
        self._watches: dict[asyncio.Transport, Resource] = {}
        self._number = 0

    async def __aenter__(self) -> Self:
        server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(server, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1024)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.faults.clear()
        self.drop_watches()
        if self._runner is not None:
            await self._runner.cleanup()

    def drop_watches(self, resource: Resource | None = None) -> None:
        """Cut every open watch (of one resource)."""
        for watch, watched in tuple(self._watches.items()):
            if resource is None or watched is resource:
                watch.abort()

    def freeze_lists(self, resource: Resource) -> None:
        """From now on lists of this resource are answered from an old cache."""
        self.faults.stale[resource] = (self.store.version, self.store.list(resource))

    def compact(self) -> None:
        """Forget old versions: watches from them and half-read lists get 410."""
        self.store.compact()
        self.lists.expire()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return _refusal(Failure(401, "Unauthorized", "Unauthorized"))
        if request.method == "GET" and (document := discovery(request.path)) is not None:
            return web.Response(body=orjson.dumps(document), headers=_JSON)
        try:
            route = parse(request.path)
            seen = await self._seen(request, route)
            for listener in self.record.listeners:
                listener(seen)
            if self.rights is not None and seen.right not in self.rights:
                seen.status = 403
                raise forbidden(seen.right, seen.name)
            verdict = await ask(self.faults.before, seen)
            if verdict is not None:
                return self._spoil(request, seen, verdict)
            if seen.verb == "WATCH":
                self.record.note(seen)
                return await self._watch(request, route)
            return await self._answer(request, route, seen)
        except Failure as failure:
            return _refusal(failure)

    async def _answer(
        self, request: web.BaseRequest, route: Route, seen: Seen
    ) -> web.StreamResponse:
        try:
            body = self._perform(request, route, seen)
            seen.status = 201 if seen.verb == "POST" else 200
            headers = {**_JSON, "Date": format_datetime(self.store.wall_clock(), usegmt=True)}
            answer = web.Response(status=seen.status, body=body, headers=headers)
        except Failure as failure:
            seen.status = failure.code
            answer = _refusal(failure)
        self.record.note(seen)
        verdict = await ask(self.faults.after, seen)
        return answer if verdict is None else self._spoil(request, seen, verdict, noted=True)

    def _spoil(
        self, request: web.BaseRequest, seen: Seen, verdict: Verdict, *, noted: bool = False
    ) -> web.Response:
        if isinstance(verdict, Failure):
            seen.status = verdict.code
        if not noted:
            self.record.counts[f"spoilt {seen.what}"] += 1
        if isinstance(verdict, Cut):
            seen.status = 0
            _cut(request)
            return web.Response()
        assert verdict is not None
        return _refusal(verdict)

    async def _seen(self, request: web.BaseRequest, route: Route) -> Seen:
        verb = request.method
        if verb == "GET" and not route.name:
            verb = "WATCH" if request.query.get("watch") in {"true", "1"} else "LIST"
        self._number += 1
        return Seen(
            self._number,
            verb,
            route.resource,
            route.subresource,
            route.namespace,
            route.name,
            request.headers.get("Content-Type", ""),
            await request.read() if request.can_read_body else b"",
            query=request.query_string,
        )

    def _perform(self, request: web.BaseRequest, route: Route, seen: Seen) -> bytes:
        store, resource = self.store, route.resource
        place = (resource, route.namespace, route.name)
        match seen.verb:
            case "GET":
                return store.get(*place).raw
            case "LIST":
                return self._list(request, route)
            case "POST":
                dry = request.query.get("dryRun") == "All"
                return store.create(resource, route.namespace, _object(seen), dry_run=dry).raw
            case "PUT":
                sent = _object(seen)
                return store.update(*place, lambda _: sent, subresource=route.subresource).raw
            case "PATCH":
                return store.update(
                    *place, lambda old: _patched(seen, old), subresource=route.subresource
                ).raw
            case "DELETE":
                return self._delete(request, route, seen)
            case _:
                raise Failure(405, "MethodNotAllowed", "the server does not allow this method")

    def _delete(self, request: web.BaseRequest, route: Route, seen: Seen) -> bytes:
        options: Json = orjson.loads(seen.body) if seen.body else {}
        for word in ("propagationPolicy", "gracePeriodSeconds"):
            if word in request.query:
                value = request.query[word]
                options[word] = int(value) if word == "gracePeriodSeconds" else value
        gone = self.store.delete(route.resource, route.namespace, route.name, options)
        if gone.key in self.store.tables[route.resource].objects:
            return gone.raw
        details = {"name": route.name, "kind": route.resource.plural, "uid": gone.meta["uid"]}
        return orjson.dumps(
            {"kind": "Status", "apiVersion": "v1", "status": "Success", "details": details}
        )

    def _list(self, request: web.BaseRequest, route: Route) -> bytes:
        query = request.query
        limit = int(query.get("limit", "0"))
        if query.get("resourceVersion") == "0":
            limit = 0  # the trap: served from the watch cache, limit ignored
        if "continue" in query:
            return self.lists.further(query["continue"], limit)
        stale = self.faults.stale.get(route.resource)
        return self.lists.first(route.resource, route.namespace, _matcher(request), limit, stale)

    async def _watch(self, request: web.BaseRequest, route: Route) -> web.StreamResponse:
        matches = _matcher(request)
        answer = web.StreamResponse(headers=_JSON)
        answer.enable_chunked_encoding()
        await answer.prepare(request)
        marks = request.query.get("allowWatchBookmarks") in {"true", "1"}
        lines = follow(
            self.store,
            route.resource,
            self.faults,
            namespace=route.namespace,
            matches=matches,
            since=request.query.get("resourceVersion", ""),
            bookmark_seconds=self.bookmark_seconds if marks else 1e9,
            seconds=float(request.query.get("timeoutSeconds", "1800")),
        )
        wire = request.transport
        if wire is None:
            return answer
        self._watches[wire] = route.resource
        try:
            await _pour(lines, answer)
        finally:
            self._watches.pop(wire, None)
        return answer


async def _pour(lines: AsyncGenerator[bytes, None], answer: web.StreamResponse) -> None:
    # A client that has gone shows only when something is written to it.
    with contextlib.suppress(ConnectionResetError):
        async with contextlib.aclosing(lines):
            async for part in lines:
                await answer.write(part)
        await answer.write_eof()


def _matcher(request: web.BaseRequest) -> Matcher | None:
    query = request.query
    return selector(query.get("labelSelector", ""), query.get("fieldSelector", ""))


def _object(seen: Seen) -> Json:
    try:
        document: Any = orjson.loads(seen.body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"the object provided is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise bad_request("the object provided is unrecognized")
    return document  # pyright: ignore[reportUnknownVariableType]


def _patched(seen: Seen, old: Json) -> Json:
    try:
        patch: Any = orjson.loads(seen.body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"error decoding patch: {error}") from error
    match seen.content_type.split(";")[0]:
        case "application/merge-patch+json":
            return merge(old, patch)
        case "application/strategic-merge-patch+json" if not seen.resource.custom:
            return strategic(old, patch)
        case "application/json-patch+json":
            try:
                return json_patch(old, patch)
            except PatchError as error:
                raise invalid(seen.resource, seen.name, "patch", str(error)) from error
        case other:
            raise Failure(
                415,
                "UnsupportedMediaType",
                f"the body of the request was in an unknown format: {other}",
            )


def _refusal(failure: Failure) -> web.Response:
    headers = dict(_JSON)
    if "retryAfterSeconds" in failure.details:
        headers["Retry-After"] = str(failure.details["retryAfterSeconds"])
    return web.Response(status=failure.code, body=orjson.dumps(failure.body()), headers=headers)


def _cut(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.abort()
