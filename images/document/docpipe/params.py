"""The run's params as numbers and lists, each refused with a sentence where it does not fit."""

from __future__ import annotations

import stagekit


def number(ctx: stagekit.Context, name: str, default: int, least: int, most: int) -> int:
    """A whole number between two bounds."""
    given = ctx.param(name, default="").strip()
    if not given:
        return default
    if not (given.isascii() and given.isdigit() and least <= int(given) <= most):
        raise stagekit.Refused(
            "BadParam", f"{name} is {given[:20]!r}: use a whole number from {least} to {most}"
        )
    return int(given)


def one_of(ctx: stagekit.Context, name: str, known: tuple[str, ...]) -> str:
    """A word of a list; its first is the default."""
    given = ctx.param(name, default="").strip() or known[0]
    if given not in known:
        raise stagekit.Refused(
            "BadParam", f"{name} is {given[:20]!r}: use one of {', '.join(known)}"
        )
    return given


def words(ctx: stagekit.Context, name: str) -> list[str]:
    """Words parted by commas."""
    return [word.strip() for word in ctx.param(name, default="").split(",") if word.strip()]
