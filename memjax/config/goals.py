"""What a run should know before it stops: `--until`."""

from typing import NamedTuple

from memjax.errors import InputError

DEFAULTS = {"threshold": 0.25, "pairs": 0.15}
EXAMPLES = "stderr=0.03, ranking=50, threshold=0.25 or pairs"
DESIGNS = ("fixed-size", "bernoulli", "balanced", "complementary")  # random subsets, of one size or independent


class Goal(NamedTuple):
    """One goal."""

    kind: str  # stderr, ranking, threshold or pairs
    value: float  # the standard error, the number of examples at the top, or the threshold
    within: float = 0.05  # a decision may be left open if the score is known to be so near to where it would change

    def __str__(self) -> str:
        return f"{self.kind}={self.value:g}"

    @property
    def decides(self) -> bool:
        """Whether it is a decision about each example or pair."""
        return self.kind != "stderr"


def as_goal(text: str) -> Goal:
    """Reads KIND=VALUE or KIND=VALUE:WITHIN.

    >>> as_goal("ranking=50:0.1")
    Goal(kind='ranking', value=50.0, within=0.1)
    """
    kind, _, rest = text.partition("=")
    value, _, within = rest.partition(":")
    try:
        goal = Goal(kind, float(value or DEFAULTS[kind]), float(within or Goal._field_defaults["within"]))
    except (KeyError, ValueError):
        raise InputError(f"--until is {text!r}; give {EXAMPLES}") from None
    fits = {
        "stderr": 0 < goal.value < 1 and not within,
        "ranking": goal.value >= 1 and goal.value == int(goal.value),
        "threshold": -1 < goal.value < 1,
        "pairs": -1 < goal.value < 1,
    }
    if not fits.get(kind) or not 0 < goal.within < 1:
        raise InputError(
            f"--until is {text!r}; give {EXAMPLES}: a standard error between 0 and 1, a whole number of examples, or a "
            "threshold between -1 and 1; after a colon how near to it is near enough, such as ranking=50:0.1"
        )
    return goal


def check_goal(goal: Goal, design: str, score: str) -> None:
    """Refuses decisions whose intervals would not hold."""
    if goal.decides and design not in DESIGNS:
        raise InputError(f"--until {goal} needs random subsets of one kind; choose --design {', '.join(DESIGNS)}")
    scores = ("correct",) if goal.kind == "pairs" else ("correct", "probability")
    if goal.decides and score not in scores:
        raise InputError(
            f"--until {goal} is for classes, with --score {' or '.join(scores)}, not {score}; --until stderr=0.03 is "
            "for every score"
        )
