"""Stage 1, `img_gen`: the picture of the advertisement, without text.

1. Where the run has an input, that picture is checked and taken as it is.
2. Else a picture is drawn from the prompt's words: product, palette, background, size; or, by
   method `endpoint`, made by the images endpoint and checked like a given one.
"""

from __future__ import annotations

from typing import Literal

import modelcalls
import msgspec
import stagefiles
from modelcalls import methods
from PIL import Image

import stagekit
from adimage import outputs, pictures, prompts, scenes
from adimage.arrays import save_png
from adimage.colours import to_hex
from adimage.prompts import Wish

STAGE = "img_gen"
PICTURE = "image.png"
MASK = "product_mask.png"


def builtin(ctx: stagekit.Context, wish: Wish) -> outputs.ImgGen:
    """Draws the picture with Pillow, or takes the given one."""
    source = ctx.inputs.source()
    if source is not None:
        given, kind = pictures.opened(source)
        return _taken(ctx, wish, given, kind)
    scene = scenes.drawn(wish)
    save_png(ctx.outputs / PICTURE, scene.image)
    save_png(ctx.outputs / MASK, scene.mask)
    p = wish.palette
    return outputs.ImgGen(
        method=methods.BUILTIN,
        origin="drawn",
        width=scene.image.width,
        height=scene.image.height,
        prompt=wish.prompt,
        product=wish.product,
        product_box=scene.product,
        palette=[to_hex(c) for c in (p.wall, p.floor, p.main, p.dark, p.second, p.accent)],
        background=wish.background,
    )


def _taken(ctx: stagekit.Context, wish: Wish, given: Image.Image, kind: str) -> outputs.ImgGen:
    """A given picture keeps its form unless the prompt or the size asks for another."""
    image = pictures.fitted(given, wish.size) if wish.sized else given
    save_png(ctx.outputs / PICTURE, image)
    before = outputs.Refit(given.width, given.height, kind)
    return _not_drawn(wish, image, before, methods.BUILTIN, "given")


def _not_drawn(
    wish: Wish,
    image: Image.Image,
    before: outputs.Refit,
    method: str,
    origin: Literal["given", "generated"],
) -> outputs.ImgGen:
    """Of a picture from elsewhere it is known what it should show, and not where."""
    return outputs.ImgGen(
        method=method,
        origin=origin,
        width=image.width,
        height=image.height,
        prompt=wish.prompt,
        product=wish.product if wish.named else None,
        product_box=None,
        palette=[],
        background=None,
        given=before,
    )


def by_endpoint(model: modelcalls.Model, ctx: stagekit.Context, wish: Wish) -> outputs.ImgGen:
    """Has the images endpoint make the picture."""
    raw = ctx.work / "generated"
    raw.write_bytes(model.picture(wish.prompt, *wish.size))
    try:
        made, kind = pictures.opened(raw)
    except stagekit.Refused as refused:
        # The endpoint's picture, not the run's input, is at fault.
        raise modelcalls.ReplyInvalid(f"the images reply: {refused.reason}") from None
    image = pictures.fitted(made, wish.size)
    save_png(ctx.outputs / PICTURE, image)
    before = outputs.Refit(made.width, made.height, kind)
    picture = _not_drawn(wish, image, before, methods.ENDPOINT, "generated")
    return msgspec.structs.replace(picture, machine=model.machine)


def _made(ctx: stagekit.Context, wish: Wish) -> outputs.ImgGen:
    if ctx.inputs.source() is not None:
        # A given picture is taken as it is: there is nothing to choose.
        ctx.method_used = methods.BUILTIN
        return builtin(ctx, wish)
    return modelcalls.run(
        ctx,
        "images",
        endpoint=lambda model: by_endpoint(model, ctx, wish),
        builtin=lambda: builtin(ctx, wish),
    )


def run(ctx: stagekit.Context) -> None:
    """Writes `image.png` and `img_gen.json`; for a drawn picture also `product_mask.png`."""
    wish = prompts.understood(ctx.param("prompt", default=""), ctx.param("size", default=""))
    made = _made(ctx, wish)
    stagefiles.write(ctx, STAGE, made)
    ctx.value("picture", f"{made.width}x{made.height}")
    ctx.value("origin", made.origin)
    ctx.value("method", made.method)
