"""`--for`: the subsets that need fewest models for a purpose.  docs/concepts/designs.md has the measurements."""

from dataclasses import replace

from memjax.config.run_config import RunConfig
from memjax.config.specs import SubsetSpec
from memjax.errors import one_of

PURPOSES = {
    "memorization": SubsetSpec("balanced", 0.5),
    "influence": SubsetSpec("fixed-size", 0.5),
    "membership": SubsetSpec("balanced", 0.5),
}
FIRST = 32  # models, after which a run with a goal looks for the first time


def with_purpose(config: RunConfig, purpose: str | None) -> RunConfig:
    """The settings with the subsets for a purpose; for membership the log odds are stored too."""
    if purpose is None:
        return config
    if purpose not in PURPOSES:
        raise one_of("purpose", purpose, list(PURPOSES))
    added = ("log_odds",) if purpose == "membership" and "log_odds" not in config.keep else ()
    return replace(config, subset=PURPOSES[purpose], keep=config.keep + added)
