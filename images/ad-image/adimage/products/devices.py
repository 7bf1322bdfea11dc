"""Devices: phone, camera, laptop."""

from __future__ import annotations

from adimage.colours import darker, lighter, mix
from adimage.easel import Easel
from adimage.palettes import Palette

WHITE = (255, 255, 255)
BLACK = (0, 0, 0)


def phone(e: Easel, p: Palette) -> None:
    """A phone, its screen on, a little tilted."""
    back = e.rounded(352, 74, 360, 800, 66)
    e.fill(back, lighter(p.main, 0.1), darker(p.main, 0.3), sideways=True)
    frame = e.rounded(300, 60, 380, 840, 72)
    e.fill(frame, lighter(p.dark, 0.32), p.dark)
    screen = e.rounded(320, 80, 340, 800, 54)
    e.fill(screen, mix(p.main, p.second, 0.25), mix(p.main, p.dark, 0.35))
    e.shade(e.ellipse(360, 300, 190, 190), screen, p.accent, 0.9, 60)
    e.shade(e.ellipse(620, 620, 210, 230), screen, p.second, 0.5, 80)
    e.fill(e.rounded(436, 104, 108, 28, 14), darker(p.dark, 0.5))
    for row, y in enumerate((236, 430)):
        card = e.rounded(352, y, 276, 160, 30)
        e.fill(card, p.second, alpha=0.9)
        e.fill(e.ellipse(408, y + 56, 30, 30), (p.accent, p.main)[row])
        e.fill(e.rounded(456, y + 36, 136, 18, 9), mix(p.dark, p.second, 0.25))
        e.fill(e.rounded(456, y + 66, 88, 14, 7), mix(p.dark, p.second, 0.6))
        e.fill(e.rounded(382, y + 110, 216, 20, 10), mix(p.main, p.second, 0.55))
    for x in (384, 461, 538):
        e.fill(e.rounded(x, 762, 58, 58, 18), p.second, alpha=0.85)
    glint = e.both(screen, e.path("M 320 80 L 520 80 L 320 560 Z"))
    e.fill(glint, WHITE, alpha=0.13)
    e.turned(-10)


def camera(e: Easel, p: Palette) -> None:
    """A camera from the front."""
    e.fill(e.rounded(200, 268, 110, 60, 16), lighter(p.dark, 0.2), p.dark)
    e.fill(e.path("M 380 300 L 430 210 L 590 210 L 640 300 Z"), lighter(p.dark, 0.22), p.dark)
    e.fill(e.rounded(720, 262, 96, 60, 20), p.accent, darker(p.accent, 0.25))
    body = e.rounded(90, 300, 820, 520, 72)
    e.fill(body, lighter(p.main, 0.15), darker(p.main, 0.14))
    e.shade(e.rim(body, 0, 20), body, WHITE, 0.6, 10)
    grip = e.both(body, e.rounded(90, 420, 820, 280, 0))
    e.fill(grip, lighter(p.dark, 0.1), darker(p.dark, 0.12))
    e.shade(e.rim(body, -50, -40), body, BLACK, 0.32, 34)
    e.fill(e.ellipse(210, 366, 26, 26), p.second, mix(p.second, p.dark, 0.4))
    e.fill(
        e.rounded(706, 340, 134, 50, 16), mix(p.second, p.dark, 0.15), mix(p.second, p.dark, 0.45)
    )
    e.shade(e.ellipse(512, 590, 250, 250), body, BLACK, 0.5, 26)
    e.fill(e.ellipse(500, 560, 250, 250), lighter(p.dark, 0.42), darker(p.dark, 0.15))
    e.fill(e.ellipse(500, 560, 214, 214), darker(p.dark, 0.5), lighter(p.dark, 0.12))
    e.fill(e.without(e.ellipse(500, 560, 196, 196), e.ellipse(500, 560, 188, 188)), p.accent)
    glass = e.ellipse(500, 560, 158, 158)
    e.fill(glass, mix(p.dark, p.main, 0.2), darker(p.dark, 0.55))
    e.fill(e.ellipse(500, 560, 92, 92), darker(p.dark, 0.6), mix(p.dark, p.main, 0.45))
    e.shade(e.ellipse(440, 490, 62, 46), glass, WHITE, 0.85, 14)
    e.shade(e.ellipse(572, 640, 30, 22), glass, p.accent, 0.9, 12)


def laptop(e: Easel, p: Palette) -> None:
    """A laptop, opened towards the viewer."""
    lid = e.rounded(170, 220, 660, 480, 34)
    e.fill(lid, lighter(p.dark, 0.2), darker(p.dark, 0.1))
    screen = e.rounded(196, 246, 608, 410, 14)
    e.fill(screen, mix(p.main, p.second, 0.15), mix(p.main, p.dark, 0.3))
    e.shade(e.ellipse(330, 560, 240, 160), screen, p.accent, 0.85, 70)
    e.shade(e.ellipse(720, 330, 170, 130), screen, p.second, 0.6, 60)
    window = e.rounded(300, 320, 400, 260, 22)
    e.shade(window, screen, BLACK, 0.35, 22)
    e.fill(window, p.second, alpha=0.94)
    e.fill(e.rounded(328, 350, 130, 200, 14), lighter(p.main, 0.55))
    for y, w in ((356, 190), (396, 150), (436, 180), (476, 110)):
        e.fill(e.rounded(486, y, w, 18, 9), mix(p.dark, p.second, 0.45))
    e.fill(e.rounded(486, 516, 96, 34, 17), p.accent)
    e.fill(e.both(screen, e.path("M 520 240 L 810 240 L 810 660 Z")), WHITE, alpha=0.08)
    base = e.path(
        "M 170 700 L 830 700 L 950 806 C 956 826 944 838 920 838 L 80 838 C 56 838 44 826 50 806 Z"
    )
    e.fill(base, mix(p.second, p.dark, 0.12), mix(p.second, p.dark, 0.38))
    e.fill(e.path("M 214 712 L 786 712 L 836 764 L 164 764 Z"), mix(p.second, p.dark, 0.72))
    e.fill(e.path("M 412 774 L 588 774 L 604 808 L 396 808 Z"), mix(p.second, p.dark, 0.5))
    e.fill(e.both(base, e.rounded(0, 816, 1000, 60, 0)), mix(p.second, p.dark, 0.55), p.dark)
