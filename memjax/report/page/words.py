"""Numbers as texts for people; NaN and infinity become words."""

import math


def number(value: int | float, digits: int = 3) -> str:
    """A score: with a proper minus sign, and never a minus before zero.

    >>> number(0.25), number(-0.00001), number(float("nan"))
    ('0.250', '0.000', 'undefined')
    """
    if not math.isfinite(value):
        return "undefined"
    return f"{value:z,.{digits}f}".replace("-", "\N{MINUS SIGN}")


def percent(value: int | float) -> str:
    """A fraction as a percentage."""
    return f"{value:.1%}".replace("%", "\N{NO-BREAK SPACE}%") if math.isfinite(value) else "undefined"


def short(value: int | float) -> str:
    """A number beside an axis.

    >>> short(0.25), short(-0.5), short(20.0)
    ('0.25', '\u22120.5', '20')
    """
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def whole(value: int | float) -> str:
    """A count.

    >>> whole(50000), whole(float("nan"))
    ('50,000', 'unknown')
    """
    return f"{value:,.0f}" if math.isfinite(value) else "unknown"
