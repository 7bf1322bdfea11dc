"""Things that people wear or carry: sneaker, bag, watch, glasses, headphones."""

from __future__ import annotations

from adimage.colours import darker, lighter, mix
from adimage.easel import Easel, Mask
from adimage.palettes import Palette

WHITE = (255, 255, 255)
BLACK = (0, 0, 0)


def shoe(e: Easel, p: Palette) -> None:
    """A low sneaker from the side, its toe to the right."""
    upper = e.path(
        "M 108 730 C 84 640 84 520 112 418 C 122 384 156 376 186 392 C 240 420 300 418 352 380 "
        "C 378 360 402 360 424 384 C 480 446 548 520 640 560 C 730 596 860 600 922 668 "
        "C 944 694 948 716 944 740 Z"
    )
    tongue = e.path(
        "M 350 410 C 346 366 372 330 412 322 C 440 318 456 340 474 372 "
        "C 490 402 506 430 540 480 L 440 460 Z"
    )
    e.fill(tongue, lighter(p.accent, 0.1), darker(p.accent, 0.2))
    e.fill(upper, lighter(p.main, 0.12), darker(p.main, 0.08))
    e.fill(e.both(upper, e.path("M 380 370 L 640 560 L 600 600 L 350 430 Z")), darker(p.main, 0.18))
    collar = e.path(
        "M 112 424 C 190 476 300 470 396 382 C 360 372 350 384 330 394 "
        "C 270 420 220 410 186 392 C 150 376 122 386 112 424 Z"
    )
    e.fill(collar, darker(p.dark, 0.2), p.dark)
    toe = e.both(upper, e.path("M 716 560 C 690 610 680 680 690 760 L 980 760 L 980 560 Z"))
    e.fill(toe, p.second, mix(p.second, p.dark, 0.16))
    heel = e.both(upper, e.path("M 60 400 C 160 470 236 590 232 760 L 40 760 Z"))
    e.fill(heel, lighter(p.dark, 0.1), p.dark)
    for x in (330, 424):
        stripe = e.both(
            upper,
            e.path(
                f"M {x} 760 C {x + 20} 660 {x + 70} 560 {x + 130} 480 L {x + 182} 512 "
                f"C {x + 120} 590 {x + 82} 670 {x + 70} 760 Z"
            ),
        )
        e.fill(stripe, p.accent, darker(p.accent, 0.12))
    e.shade(e.rim(upper, 0, -46), upper, BLACK, 0.34, 26)
    e.shade(e.rim(upper, 6, 26), upper, WHITE, 0.5, 12)
    e.shade(e.ellipse(720, 610, 150, 26), upper, WHITE, 0.4, 20)
    _laces(e, p, upper)
    _sole(e, p)
    e.turned(5)


def _laces(e: Easel, p: Palette, upper: Mask) -> None:
    for step in range(5):
        x, y = 404 + step * 42, 402 + step * 36
        lace = e.line(f"M {x - 34} {y + 30} Q {x + 8} {y - 6} {x + 40} {y - 14}", 17)
        e.shade(
            e.line(f"M {x - 34} {y + 42} Q {x + 8} {y + 6} {x + 40} {y - 2}", 15),
            upper,
            BLACK,
            0.3,
            5,
        )
        e.fill(lace, WHITE, mix(p.second, p.dark, 0.12))


def _sole(e: Easel, p: Palette) -> None:
    sole = e.path(
        "M 72 770 C 66 726 86 716 130 720 L 700 726 C 800 726 880 716 934 700 "
        "C 966 708 972 750 960 790"
        "C 950 826 920 838 870 838 L 140 838 C 96 838 78 812 72 770 Z"
    )
    e.fill(sole, WHITE, mix(p.second, p.dark, 0.22))
    e.shade(e.line("M 90 778 L 940 778", 6), sole, p.dark, 0.35, 3)
    tread = e.both(sole, e.rounded(60, 812, 920, 60, 0))
    e.fill(tread, lighter(p.dark, 0.08), darker(p.dark, 0.2))


def bag(e: Easel, p: Palette) -> None:
    """A structured handbag with one handle, a flap and a clasp."""
    handle = e.without(e.ellipse(500, 380, 210, 260), e.ellipse(500, 390, 172, 224))
    handle = e.without(handle, e.rounded(200, 420, 600, 400, 0))
    e.fill(handle, lighter(p.dark, 0.12), p.dark)
    body = e.path(
        "M 210 400 L 790 400 C 830 400 846 420 850 450 L 900 830 "
        "C 904 880 880 900 840 900 L 160 900 C 120 900 96 880 100 830 L 150 450 "
        "C 154 420 170 400 210 400 Z"
    )
    e.fill(body, lighter(p.main, 0.08), darker(p.main, 0.16))
    e.shade(e.rim(body, -60, -40), body, BLACK, 0.3, 40)
    e.shade(e.ellipse(300, 700, 130, 200), body, WHITE, 0.22, 70)
    flap = e.path(
        "M 190 400 L 810 400 C 836 400 846 416 848 440 L 858 520 "
        "C 860 600 700 660 500 660 C 300 660 140 600 142 520 L 152 440 "
        "C 154 416 164 400 190 400 Z"
    )
    e.shade(
        e.path("M 150 540 C 180 640 330 700 500 700 C 670 700 830 640 850 540 Z"),
        body,
        BLACK,
        0.5,
        20,
    )
    e.fill(flap, lighter(p.main, 0.2), p.main)
    e.shade(e.rim(flap, 0, 22), flap, WHITE, 0.55, 10)
    e.shade(e.rim(flap, 0, -26), flap, BLACK, 0.25, 14)
    seam = e.without(
        e.line("M 176 524 C 190 590 330 632 500 632 C 670 632 810 590 824 524", 7),
        e.rounded(0, 0, 10, 10, 0),
    )
    e.fill(seam, lighter(p.main, 0.42), alpha=0.8)
    for x in (316, 684):
        e.fill(e.rounded(x - 26, 372, 52, 74, 16), p.accent, darker(p.accent, 0.25))
    e.shade(e.rounded(446, 606, 108, 108, 20), body, BLACK, 0.4, 14)
    e.fill(e.rounded(448, 590, 104, 104, 22), lighter(p.accent, 0.3), darker(p.accent, 0.18))
    e.fill(e.rounded(476, 618, 48, 48, 12), darker(p.accent, 0.3), p.accent)


def watch(e: Easel, p: Palette) -> None:
    """A wrist watch with hands at ten past ten."""
    strap = e.path(
        "M 372 60 L 628 60 L 668 330 L 668 670 L 628 940 L 372 940 L 332 670 L 332 330 Z"
    )
    e.fill(strap, darker(p.main, 0.05), darker(p.main, 0.2))
    e.shade(e.rim(strap, -50, 0), strap, BLACK, 0.4, 30)
    e.shade(e.rounded(390, 60, 40, 880, 20), strap, WHITE, 0.3, 24)
    for y in (110, 160, 830, 880):
        e.fill(e.ellipse(500, y, 15, 11), p.dark)
    e.fill(e.rounded(776, 462, 62, 76, 18), p.accent, darker(p.accent, 0.35))
    e.shade(e.ellipse(500, 520, 300, 300), strap, BLACK, 0.5, 30)
    case = e.ellipse(500, 500, 300, 300)
    e.fill(case, lighter(p.accent, 0.55), darker(p.accent, 0.3))
    e.fill(e.ellipse(500, 500, 268, 268), darker(p.accent, 0.32), lighter(p.accent, 0.35))
    dial = e.ellipse(500, 500, 250, 250)
    e.fill(dial, lighter(p.dark, 0.14), darker(p.dark, 0.12))
    for hour in range(12):
        mark = Easel.spoke(500, 500, 200 if hour % 3 else 186, 226, hour * 30)
        e.fill(e.line(mark, 9 if hour % 3 else 16), p.second, alpha=0.95)
    e.fill(e.line(Easel.spoke(500, 500, -30, 130, 305), 22), p.second)
    e.fill(e.line(Easel.spoke(500, 500, -34, 186, 60), 16), p.second)
    e.fill(e.line(Easel.spoke(500, 500, -50, 200, 190), 6), p.accent)
    e.fill(e.ellipse(500, 500, 19, 19), p.accent)
    shine = e.without(e.ellipse(500, 500, 236, 236), e.ellipse(590, 600, 300, 300))
    e.fill(shine, WHITE, alpha=0.14)
    e.turned(-9)


def glasses(e: Easel, p: Palette) -> None:
    """Sunglasses from the front."""
    for cx in (280, 720):
        frame = e.path(
            f"M {cx - 220} 420 C {cx - 220} 350 {cx - 130} 342 {cx} 342 "
            f"C {cx + 130} 342 {cx + 220} 350 {cx + 220} 420 "
            f"C {cx + 226} 590 {cx + 120} 690 {cx} 690 "
            f"C {cx - 120} 690 {cx - 226} 590 {cx - 220} 420 Z"
        )
        lens = e.path(
            f"M {cx - 178} 432 C {cx - 178} 390 {cx - 110} 384 {cx} 384 "
            f"C {cx + 110} 384 {cx + 178} 390 {cx + 178} 432 "
            f"C {cx + 182} 570 {cx + 98} 648 {cx} 648 "
            f"C {cx - 98} 648 {cx - 182} 570 {cx - 178} 432 Z"
        )
        e.fill(frame, lighter(p.main, 0.15), darker(p.main, 0.1))
        e.shade(e.rim(frame, 0, 14), frame, WHITE, 0.7, 6)
        e.fill(lens, darker(p.dark, 0.25), mix(p.dark, p.accent, 0.75))
        glint = e.both(
            lens, e.path(f"M {cx - 120} 340 L {cx - 30} 340 L {cx - 150} 700 L {cx - 240} 700 Z")
        )
        e.fill(glint, WHITE, alpha=0.22)
        thin = e.both(
            lens, e.path(f"M {cx + 10} 340 L {cx + 40} 340 L {cx - 80} 700 L {cx - 110} 700 Z")
        )
        e.fill(thin, WHITE, alpha=0.16)
    e.fill(
        e.line("M 448 440 C 470 400 530 400 552 440", 40),
        lighter(p.main, 0.12),
        darker(p.main, 0.05),
    )


def headphones(e: Easel, p: Palette) -> None:
    """Large headphones from the front."""
    band = e.without(e.ellipse(500, 480, 370, 390), e.ellipse(500, 500, 312, 346))
    band = e.without(band, e.rounded(0, 560, 1000, 440, 0))
    e.fill(band, lighter(p.main, 0.15), darker(p.main, 0.12))
    e.shade(e.rim(band, 0, 20), band, WHITE, 0.6, 10)
    pad = e.without(e.ellipse(500, 500, 322, 356), e.ellipse(500, 510, 290, 330))
    e.fill(e.without(pad, e.rounded(0, 330, 1000, 700, 0)), p.dark)
    for side in (-1, 1):
        cx = 500 + side * 330
        e.fill(e.rounded(cx + side * 20 - 16, 470, 32, 130, 14), lighter(p.dark, 0.2), p.dark)
        cushion = e.rounded(cx - side * 66 - 62, 536, 124, 314, 60)
        e.fill(cushion, lighter(p.dark, 0.12), darker(p.dark, 0.2))
        e.shade(e.rim(cushion, -18, 18), cushion, WHITE, 0.25, 14)
        cup = e.rounded(cx - 66 + side * 14, 520, 132, 346, 64)
        e.fill(cup, lighter(p.main, 0.2), darker(p.main, 0.18))
        e.shade(e.rim(cup, -26, -26), cup, BLACK, 0.4, 22)
        e.shade(e.rim(cup, 14, 18), cup, WHITE, 0.6, 10)
        e.fill(e.rounded(cx - 18 + side * 20, 590, 36, 206, 18), p.accent, darker(p.accent, 0.2))
