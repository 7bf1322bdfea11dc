"""The board's page: open to everybody, for it holds no data and asks for a proof itself.

It is one HTML file with relative links, so that it works below any path: that of the API server's
proxy, of an ingress, of `stagework board`.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Header, Response
from starlette.responses import RedirectResponse

from stagework.web.board.assets import INDEX, Asset
from stagework.web.errors import not_found
from stagework.web.routes.services import Services, ServicesParam

router = APIRouter(include_in_schema=False)

Accepted = Annotated[str, Header(alias="Accept-Encoding")]

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Content-Security-Policy of the page: nothing from elsewhere, nothing inline, in no frame."""
_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Vary": "Accept-Encoding",
}
_NO_CACHE: Final = "no-cache"
_FOR_EVER: Final = "public, max-age=31536000, immutable"
"""Names of scripts and style sheets have their digests in them."""


@router.get("/board")
async def to_the_page() -> Response:
    """Its relative links need the slash."""
    return RedirectResponse("board/", 308)


@router.get("/board/")
async def page(services: ServicesParam, accepted: Accepted = "") -> Response:
    """The HTML."""
    return _answer(_found(services, INDEX), accepted, _NO_CACHE)


@router.get("/board/assets/{name}")
async def asset(name: str, services: ServicesParam, accepted: Accepted = "") -> Response:
    """A script or a style sheet."""
    return _answer(_found(services, name), accepted, _FOR_EVER)


def _found(services: Services, name: str) -> Asset:
    known = services.assets.by_name
    if not known:
        raise not_found("this API service has no board", "build its image by `make images`")
    if name not in known:
        raise not_found(f"the board has no file {name!r}", "reload the page")
    return known[name]


def _answer(found: Asset, accepted: str, cache: str) -> Response:
    headers = {**_HEADERS, "Cache-Control": cache}
    words = (word.partition(";")[0].strip().lower() for word in accepted.split(","))
    if "gzip" not in words:
        return Response(found.content, headers=headers, media_type=found.content_type)
    headers["Content-Encoding"] = "gzip"
    return Response(found.compressed, headers=headers, media_type=found.content_type)
