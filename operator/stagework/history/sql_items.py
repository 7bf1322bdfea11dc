"""The copy of batches' items in SQLite or PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from stagework.api.batch_book import WAITING, Item, ItemState, LedgerLine
from stagework.api.history import LikeBatches
from stagework.history.database import Database
from stagework.history.items import ChunkCost, Folded, KnownBatch, Standing
from stagework.history.tables import batch_folds, batch_items, batches, chunk_costs
from stagework.policies.chunks.observed import ObservedChunk
from stagework.policies.item_address import upload_digest

_INSERT: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_table = batch_items.c
_costs = chunk_costs


class SqlItems:
    """See `Items`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(self, uid: str) -> KnownBatch | None:
        """See Items."""
        statement = select(batches).where(batches.c.uid == uid)
        row = await self._database.read(lambda c: c.execute(statement).mappings().first())
        return KnownBatch(**row) if row is not None else None

    async def begin(self, uid: str, namespace: str, name: str) -> None:
        """See Items."""
        row = {"uid": uid, "namespace": namespace, "name": name, "total": 0, "whole": False}
        await self._database.write(lambda c: _insert(c, batches, [row]))

    async def add(self, uid: str, first: int, items: Sequence[Item]) -> None:
        """See Items."""
        rows = [_row(uid, number, item) for number, item in enumerate(items, first)]
        await self._database.write(lambda c: _insert(c, batch_items, rows))

    async def complete(self, uid: str, total: int) -> None:
        """See Items."""
        statement = update(batches).where(batches.c.uid == uid).values(total=total, whole=True)
        await self._database.write(lambda c: c.execute(statement))

    async def of_numbers(self, uid: str, numbers: Sequence[int]) -> Mapping[int, Item]:
        """See Items."""
        wanted = select(_table.number, _table.id, _table.uri, _table.params).where(
            _table.batch == uid, _table.number.in_(numbers)
        )
        rows = await self._database.read(lambda c: c.execute(wanted).all())
        return {row.number: Item(row.id, row.uri, _params(row.params)) for row in rows}

    async def standings(self, uid: str, numbers: Sequence[int]) -> Mapping[int, Standing]:
        """See Items."""
        wanted = select(_table.number, _table.state, _table.attempts, _table.round).where(
            _table.batch == uid, _table.number.in_(numbers)
        )
        rows = await self._database.read(lambda c: c.execute(wanted).all())
        return {row.number: Standing(row.state, row.attempts, row.round) for row in rows}

    async def numbers(self, uid: str, states: Sequence[str]) -> list[int]:
        """See Items."""
        wanted = (
            select(_table.number)
            .where(_table.batch == uid, _table.state.in_(states))
            .order_by(_table.number)
        )
        return await self._database.read(lambda c: list(c.scalars(wanted)))

    async def numbers_of_ids(self, uid: str, ids: Sequence[str]) -> Mapping[str, int]:
        """See Items."""
        wanted = select(_table.id, _table.number).where(_table.batch == uid, _table.id.in_(ids))
        rows = await self._database.read(lambda c: c.execute(wanted).all())
        return {row.id: row.number for row in rows}

    async def fold(self, uid: str, folded: Folded, lines: Sequence[LedgerLine]) -> None:
        """See Items."""
        await self._database.write(lambda c: _fold(c, uid, folded, lines))

    async def costs(self, like: LikeBatches, *, but: str) -> Mapping[str, list[ObservedChunk]]:
        """See Items."""
        wanted = (
            select(_costs)
            .where(
                _costs.c.namespace == like.namespace,
                _costs.c.pipeline == like.pipeline,
                _costs.c.revision == like.revision,
                _costs.c.batch != but,
            )
            .order_by(_costs.c.ended.desc(), _costs.c.name)
            .limit(like.limit)
        )
        rows = await self._database.read(lambda c: c.execute(wanted).all())
        found: dict[str, list[ObservedChunk]] = {}
        for row in reversed(rows):
            chunk = ObservedChunk(row.items, row.seconds, row.span)
            found.setdefault(row.machine, []).append(chunk)
        return found

    async def folds(self, uid: str) -> frozenset[str]:
        """See Items."""
        wanted = select(batch_folds.c.name).where(batch_folds.c.batch == uid)
        return await self._database.read(lambda c: frozenset(c.scalars(wanted)))

    async def page(
        self, uid: str, *, states: Sequence[str], after: int, limit: int
    ) -> list[ItemState]:
        """See Items."""
        wanted = select(batch_items).where(_table.batch == uid, _table.number > after)
        if states:
            wanted = wanted.where(_table.state.in_(states))
        wanted = wanted.order_by(_table.number).limit(limit)
        rows = await self._database.read(lambda c: c.execute(wanted).mappings().all())
        return [_state(row) for row in rows]

    async def uploads_named(self, digests: Sequence[str]) -> frozenset[str]:
        """See Items."""
        wanted = select(_table.upload).where(_table.upload != "", _table.upload.in_(digests))
        return await self._database.read(lambda c: frozenset(c.scalars(wanted.distinct())))

    async def children_named(self, uids: Sequence[str]) -> frozenset[str]:
        """See Items."""
        wanted = select(batch_folds.c.child).where(batch_folds.c.child.in_(uids))
        return await self._database.read(lambda c: frozenset(c.scalars(wanted.distinct())))

    async def has_child(self, uid: str, child: str) -> bool:
        """See Items."""
        folds = batch_folds.c
        wanted = select(folds.name).where(folds.child == child, folds.batch == uid).limit(1)
        return await self._database.read(lambda c: c.scalar(wanted)) is not None

    async def forget(self, uid: str, limit: int) -> int:
        """See Items."""
        return await self._database.write(lambda c: _forget(c, uid, limit))


def _insert(connection: Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        insert = _INSERT[connection.dialect.name](table)
        connection.execute(insert.on_conflict_do_nothing(), rows)


def _row(uid: str, number: int, item: Item) -> dict[str, Any]:
    return {
        "batch": uid,
        "number": number,
        "id": item.id,
        "uri": item.uri,
        "upload": upload_digest(item.uri),
        "params": msgspec.json.encode(item.params).decode() if item.params else "",
        "state": WAITING,
        "reason": "",
        "message": "",
        "attempts": 0,
        "round": -1,
        "attempt": 0,
        "chunk": "",
        "machine": "",
        "seconds": None,
        "ended": "",
        "outputs": "",
    }


def _params(text: str) -> dict[str, str]:
    return msgspec.json.decode(text, type=dict[str, str]) if text else {}


def _state(row: Mapping[Any, Any]) -> ItemState:
    return ItemState(
        number=row["number"],
        id=row["id"],
        uri=row["uri"],
        state=row["state"],
        reason=row["reason"],
        message=row["message"],
        attempts=row["attempts"],
        chunk=row["chunk"],
        machine=row["machine"],
        seconds=row["seconds"],
        ended=row["ended"],
        outputs=msgspec.json.decode(row["outputs"], type=list[str]) if row["outputs"] else [],
    )


def _fold(connection: Connection, uid: str, folded: Folded, lines: Sequence[LedgerLine]) -> None:
    """An item keeps what a later round, or a later attempt of this one, has said of it."""
    here = and_(_table.batch == bindparam("of_batch"), _table.number == bindparam("of_number"))
    before = or_(
        _table.round < bindparam("round"),
        and_(_table.round == bindparam("round"), _table.attempt <= bindparam("attempt")),
    )
    rows = [
        {
            "of_batch": uid,
            "of_number": line.number,
            "state": line.state,
            "reason": line.reason,
            "message": line.message,
            "attempts": line.attempts,
            "round": folded.round,
            "attempt": folded.attempt,
            "chunk": folded.chunk,
            "machine": line.machine,
            "seconds": line.seconds,
            "ended": folded.ended,
            "outputs": msgspec.json.encode(line.outputs).decode() if line.outputs else "",
        }
        for line in lines
    ]
    if rows:
        values: dict[str, Any] = {
            name: bindparam(name) for name in rows[0] if not name.startswith("of_")
        }
        connection.execute(update(batch_items).where(here, before).values(values), rows)
    row = {"batch": uid, "name": folded.name, "child": folded.child}
    _insert(connection, batch_folds, [row])
    if folded.cost is not None:
        _insert(connection, _costs, [_cost_row(uid, folded.name, folded.cost)])


def _cost_row(uid: str, name: str, cost: ChunkCost) -> dict[str, Any]:
    return {
        "batch": uid,
        "name": name,
        "namespace": cost.namespace,
        "pipeline": cost.pipeline,
        "revision": cost.revision,
        "machine": cost.machine,
        "ended": cost.ended,
        "items": cost.observed.items,
        "seconds": cost.observed.seconds,
        "span": cost.observed.span_seconds,
    }


def _forget(connection: Connection, uid: str, limit: int) -> int:
    for table, key in ((batch_items, _table.number), (batch_folds, batch_folds.c.name)):
        old = select(key).where(table.c.batch == uid).order_by(key).limit(limit).subquery()
        rows, last = connection.execute(
            select(func.count(), func.max(old.c[0])).select_from(old)
        ).one()
        if rows:
            connection.execute(delete(table).where(table.c.batch == uid, key <= last))
            return int(rows)
    return connection.execute(delete(batches).where(batches.c.uid == uid)).rowcount
