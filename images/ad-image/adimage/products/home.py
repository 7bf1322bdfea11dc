"""Things of the house: bottle, cup, chair, lamp, gift box."""

from __future__ import annotations

from adimage.colours import darker, lighter, mix
from adimage.easel import Easel
from adimage.palettes import Palette

WHITE = (255, 255, 255)
BLACK = (0, 0, 0)


def bottle(e: Easel, p: Palette) -> None:
    """A bottle with a label and a cap, as of a drink or a lotion."""
    body = e.path(
        "M 430 210 L 570 210 L 570 290 C 570 340 690 370 690 480 L 690 870 "
        "C 690 910 664 930 630 930"
        "L 370 930 C 336 930 310 910 310 870 L 310 480 C 310 370 430 340 430 290 Z"
    )
    e.fill(body, darker(p.main, 0.12), lighter(p.main, 0.2), sideways=True)
    e.shade(e.rim(body, -70, 0), body, BLACK, 0.32, 40)
    e.shade(e.rim(body, 60, 0), body, BLACK, 0.2, 30)
    e.shade(e.rounded(352, 440, 36, 460, 18), body, WHITE, 0.75, 12)
    e.shade(e.rounded(640, 480, 14, 400, 7), body, WHITE, 0.5, 8)
    label = e.both(body, e.rounded(280, 540, 440, 270, 0))
    e.fill(label, mix(p.second, p.dark, 0.1), p.second, sideways=True)
    e.shade(e.rim(label, -60, 0), label, BLACK, 0.2, 40)
    e.fill(e.both(label, e.rounded(280, 556, 440, 12, 0)), p.accent)
    e.fill(e.both(label, e.rounded(280, 782, 440, 12, 0)), p.accent)
    e.fill(e.ellipse(500, 675, 74, 74), p.main, darker(p.main, 0.15))
    e.fill(e.path("M 500 620 C 540 660 540 690 500 726 C 460 690 460 660 500 620 Z"), p.second)
    e.fill(
        e.rounded(418, 196, 164, 34, 12), darker(p.dark, 0.1), lighter(p.dark, 0.2), sideways=True
    )
    cap = e.rounded(432, 80, 136, 124, 22)
    e.fill(cap, p.dark, lighter(p.dark, 0.24), sideways=True)
    e.shade(e.rounded(456, 90, 18, 104, 9), cap, WHITE, 0.5, 8)
    e.shade(e.rim(cap, -30, 0), cap, BLACK, 0.35, 16)


def cup(e: Easel, p: Palette) -> None:
    """A cup of coffee on a saucer, with steam."""
    for x, lean in ((410, 24), (500, -26), (590, 24)):
        steam = e.line(
            f"M {x} 320 C {x + lean} 270 {x - lean} 230 {x} 170 "
            f"C {x + lean * 0.6:.0f} 140 {x} 120 {x} 100",
            22,
        )
        e.fill(e.blurred(steam, 9), p.second, alpha=0.75)
    saucer = e.ellipse(480, 850, 400, 62)
    e.fill(saucer, WHITE, mix(p.second, p.dark, 0.3))
    e.fill(e.ellipse(480, 838, 300, 36), mix(p.second, p.dark, 0.22), mix(p.second, p.dark, 0.08))
    handle = e.without(e.ellipse(765, 560, 140, 140), e.ellipse(762, 560, 84, 86))
    e.fill(handle, lighter(p.main, 0.1), darker(p.main, 0.22))
    body = e.path(
        "M 180 400 L 780 400 C 780 600 730 740 640 820 C 610 846 580 850 560 850 "
        "L 400 850 C 380 850 350 846 320 820 C 230 740 180 600 180 400 Z"
    )
    e.fill(body, lighter(p.main, 0.12), darker(p.main, 0.14))
    e.shade(e.rim(body, -70, -30), body, BLACK, 0.34, 46)
    e.shade(
        e.path("M 236 440 C 246 580 280 690 330 760 L 380 760 C 320 680 296 560 296 440 Z"),
        body,
        WHITE,
        0.5,
        16,
    )
    band = e.both(body, e.path("M 100 560 Q 480 640 860 560 L 860 604 Q 480 684 100 604 Z"))
    e.fill(band, p.accent, darker(p.accent, 0.1))
    e.shade(e.rim(band, -90, 0), band, BLACK, 0.25, 40)
    e.fill(e.ellipse(480, 400, 300, 66), WHITE, mix(p.second, p.dark, 0.2))
    inner = e.ellipse(480, 404, 272, 52)
    e.fill(inner, darker(p.dark, 0.1), p.dark)
    coffee = e.both(inner, e.ellipse(480, 424, 262, 48))
    e.fill(coffee, (70, 38, 22), (128, 78, 46))
    foam = e.path(
        "M 480 452 C 420 436 400 414 430 404 C 452 398 470 406 480 416 "
        "C 490 406 508 398 530 404 C 560 414 540 436 480 452 Z"
    )
    e.fill(foam, (240, 220, 190))


def chair(e: Easel, p: Palette) -> None:
    """An easy chair with wooden legs."""
    wood, dark_wood = (176, 122, 78), (120, 76, 44)
    for path in (
        "M 300 790 L 240 940",
        "M 700 790 L 760 940",
        "M 380 790 L 372 900",
        "M 620 790 L 628 900",
    ):
        e.fill(e.line(path, 34), wood, dark_wood)
    back = e.path(
        "M 250 250 C 250 130 340 90 500 90 C 660 90 750 130 750 250 L 770 680 L 230 680 Z"
    )
    e.fill(back, lighter(p.main, 0.16), darker(p.main, 0.1))
    e.shade(e.rim(back, -36, -10), back, BLACK, 0.28, 30)
    e.shade(e.rim(back, 16, 24), back, WHITE, 0.5, 14)
    for x, y in ((390, 240), (500, 240), (610, 240), (445, 340), (555, 340)):
        e.shade(e.ellipse(x, y, 30, 26), back, BLACK, 0.35, 14)
        e.fill(e.ellipse(x, y, 11, 11), darker(p.main, 0.3))
    e.shade(e.ellipse(500, 610, 300, 90), back, BLACK, 0.5, 40)
    for side in (-1, 1):
        cx = 500 + side * 290
        arm = e.rounded(cx - 78, 452, 156, 360, 74)
        e.fill(arm, lighter(p.main, 0.22), darker(p.main, 0.16))
        e.shade(e.rim(arm, -24, -24), arm, BLACK, 0.32, 24)
        e.shade(e.rim(arm, 12, 20), arm, WHITE, 0.5, 10)
    seat = e.rounded(278, 590, 444, 150, 52)
    e.fill(seat, lighter(p.main, 0.3), p.main)
    e.shade(e.rim(seat, 0, -30), seat, BLACK, 0.3, 22)
    base = e.rounded(270, 722, 460, 84, 30)
    e.fill(base, darker(p.main, 0.08), darker(p.main, 0.26))
    cushion = e.path(
        "M 372 400 C 450 376 560 376 632 402 C 652 470 652 540 634 604 "
        "C 560 628 446 628 368 604 C 350 540 350 470 372 400 Z"
    )
    e.shade(cushion, back, BLACK, 0.4, 24)
    e.fill(cushion, lighter(p.accent, 0.2), darker(p.accent, 0.08))
    e.shade(e.rim(cushion, -26, -26), cushion, BLACK, 0.25, 24)


def lamp(e: Easel, p: Palette) -> None:
    """A table lamp that is lit."""
    glow = e.path("M 300 470 L 700 470 L 860 900 L 140 900 Z")
    e.fill(e.blurred(glow, 60), (255, 236, 178), alpha=0.5)
    e.fill(e.rounded(478, 440, 44, 420, 20), lighter(p.dark, 0.3), p.dark, sideways=True)
    foot = e.path(
        "M 330 900 C 330 856 420 836 500 836 C 580 836 670 856 670 900 C 670 924 330 924 330 900 Z"
    )
    e.fill(foot, lighter(p.dark, 0.28), p.dark)
    e.shade(e.ellipse(430, 862, 60, 10), foot, WHITE, 0.5, 8)
    e.fill(e.ellipse(500, 470, 292, 46), (255, 244, 206), (255, 214, 130))
    shade = e.path("M 372 120 L 628 120 L 792 462 C 792 492 208 492 208 462 Z")
    e.fill(shade, lighter(p.main, 0.1), lighter(p.main, 0.3))
    e.shade(e.rim(shade, -70, 0), shade, BLACK, 0.3, 46)
    e.shade(e.ellipse(470, 400, 170, 150), shade, (255, 240, 190), 0.6, 70)
    e.shade(e.path("M 396 130 L 440 130 L 330 470 L 270 470 Z"), shade, WHITE, 0.35, 18)
    e.fill(e.ellipse(500, 120, 128, 18), lighter(p.main, 0.45), p.main)
    e.fill(
        e.both(shade, e.path("M 200 430 Q 500 490 800 430 L 800 452 Q 500 512 200 452 Z")), p.accent
    )
    e.fill(e.line("M 610 490 L 610 590", 5), p.dark)
    e.fill(e.ellipse(610, 598, 14, 14), p.accent)


def gift(e: Easel, p: Palette) -> None:
    """A gift box with a ribbon: what is drawn where the prompt names no product known here."""
    body = e.path(
        "M 190 470 L 810 470 L 790 900 C 788 916 780 922 764 922 L 236 922 "
        "C 220 922 212 916 210 900 Z"
    )
    e.fill(body, p.main, darker(p.main, 0.22))
    e.shade(e.rim(body, -60, 0), body, BLACK, 0.3, 40)
    e.shade(e.rounded(150, 470, 700, 44, 0), body, BLACK, 0.5, 20)
    e.fill(e.both(body, e.rounded(438, 460, 124, 480, 0)), p.second, mix(p.second, p.dark, 0.25))
    lid = e.rounded(150, 370, 700, 128, 22)
    e.fill(lid, lighter(p.main, 0.22), p.main)
    e.shade(e.rim(lid, 0, 16), lid, WHITE, 0.6, 8)
    e.shade(e.rim(lid, -50, -20), lid, BLACK, 0.25, 24)
    e.fill(e.rounded(428, 370, 144, 128, 0), WHITE, mix(p.second, p.dark, 0.15))
    for side in (-1, 1):
        loop = e.path(
            f"M 500 366 C {500 + side * 60} 240 {500 + side * 190} 170 {500 + side * 250} 220 "
            f"C {500 + side * 300} 270 {500 + side * 180} 366 500 370 Z"
        )
        e.fill(loop, p.second, mix(p.second, p.dark, 0.2))
        hole = e.path(
            f"M {500 + side * 60} 338 "
            f"C {500 + side * 110} 270 {500 + side * 180} 230 {500 + side * 212} 250"
            f"C {500 + side * 230} 280 {500 + side * 150} 336 {500 + side * 60} 338 Z"
        )
        e.fill(hole, mix(p.second, p.dark, 0.5), mix(p.second, p.dark, 0.3))
    e.fill(e.rounded(456, 312, 88, 72, 28), WHITE, mix(p.second, p.dark, 0.2))
