import pytest

from stagework.api.durations import short


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0.9, "0s"),
        (119, "119s"),
        (120, "2m"),
        (190, "3m10s"),
        (1500, "25m"),
        (3 * 3600 + 5 * 60, "3h5m"),
        (30 * 3600, "30h"),
        (3 * 86400 + 4 * 3600, "3d4h"),
        (20 * 86400, "20d"),
    ],
)
def test_a_span_is_short_and_has_two_units_at_most(seconds: float, text: str) -> None:
    assert short(seconds) == text
