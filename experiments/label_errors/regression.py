"""By which score should suspicious targets of a regression be ranked?

A share of the targets of several tables is moved by one to three standard deviations, up or down.  The measure is the
average precision of finding them by: the mean squared error of held-out models (high is suspicious; `Result.suspects`
ranks by it); memorization, by which this error is larger than that of models that trained on the example; and the
error of their mean prediction.

The peers are cleanlab's: its label quality scores of predictions from five-fold cross-validation, of ridge regression,
of gradient boosting, and of the same network by the same training; and its `CleanLearning` of linear regression.

    pip install -e ".[experiments]"
    python -m experiments.label_errors.regression --size quick    diabetes; 3 draws, 48 models each
    python -m experiments.label_errors.regression                 and Boston housing, Auto MPG; 5 draws, 200 models
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.common.claim import Result, main
from experiments.common.intervals import Interval, ends, mean_interval
from experiments.common.planted import FOLDS, PEER, Size, finds_more
from experiments.common.plots import NO_BAR, panels
from experiments.common.settings import BaseSettings, Cost

COST = Cost("1 min", "2 min")
CHOSEN = "held-out error"

SIZES = {
    "smoke": Size(("diabetes",), 16, 2),
    "quick": Size(("diabetes",), 48, 3),
    "full": Size(("diabetes", "boston_housing", "autompg"), 200, 5),
}


@dataclass(frozen=True)
class Settings(BaseSettings):
    """Which score finds planted wrong targets best, over several tables."""

    rate: float = 0.05
    """Share of the targets that are moved."""
    models: int | None = None
    """Models of each run.  Default: as many as the size says."""


def run(settings: Settings) -> Result:
    from sklearn.metrics import average_precision_score

    size, found = SIZES[settings.size], dict[str, dict[str, list[float]]]()
    for name in size.names:
        inputs, targets = examples(name)
        for draw in range(size.draws):
            given, wrong = moved(targets, settings.rate, settings.data_seed + draw)
            for score, values in scores(settings, name, draw, settings.models or size.models, inputs, given):
                precision = float(average_precision_score(wrong, np.nan_to_num(values)))
                found.setdefault(name, {}).setdefault(score, []).append(precision)
    table = {name: {score: mean_interval(values) for score, values in of.items()} for name, of in found.items()}
    return Result({"average_precision": table}, finds_more(CHOSEN, found), draw_figure(table))


def draw_figure(table: dict[str, dict[str, Interval]]) -> Any:
    """Average precision of each score, a panel for each table."""
    (draws,) = {item.repeats for of in table.values() for item in of.values()}
    note = f"error bars: 95 % intervals over {draws} draws of the wrong targets; {NO_BAR}"
    figure, axes = panels(1, len(table), 3.6, 2.6, note=note)
    for axis, (name, of) in zip(axes[0], table.items(), strict=True):
        values = list(of.values())
        errors = [np.nan_to_num(side, posinf=0) for side in ends(values)]
        colours = ["#0072b2" if score == CHOSEN else "0.6" for score in of]
        axis.barh(range(len(of)), [item.value for item in values], xerr=errors, color=colours)
        axis.set_yticks(range(len(of)), list(of) if axis is axes[0, 0] else [""] * len(of), fontsize=7)
        axis.invert_yaxis()
        axis.set(xlabel="average precision", title=name, xlim=(0, 1))
    return figure


def examples(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of a table, without columns that hold no number, such as the names of cars."""
    if name == "diabetes":
        from sklearn.datasets import load_diabetes

        return load_diabetes(return_X_y=True)
    from mlxtend import data

    inputs, targets = (np.asarray(part, float) for part in getattr(data, f"{name}_data")())
    return inputs[:, ~np.isnan(inputs).any(axis=0)], targets


def moved(targets: np.ndarray, rate: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The targets with a share of them moved by one to three standard deviations, and which these are."""
    rng = np.random.default_rng(seed)
    wrong = np.zeros(len(targets), bool)
    wrong[rng.choice(len(targets), round(rate * len(targets)), replace=False)] = True
    by = rng.uniform(1, 3, len(targets)) * rng.choice([-1, 1], len(targets)) * targets.std()
    return targets + wrong * by, wrong


def scores(
    settings: Settings, name: str, draw: int, models: int, inputs: np.ndarray, given: np.ndarray
) -> Iterator[tuple[str, Any]]:
    """Suspicion of each target by each score, higher where it is more suspicious."""
    place = f"regression-{name}-{models}-{settings.rate:g}-{settings.data_seed}-{settings.seed}-{draw}"
    run, seed = settings.folder / "models" / place, settings.seed + draw
    batch_size = min(64, max(16, len(given) // 16))
    fit: dict[str, Any] = {"task": "regression", "seed": seed, "batch_size": batch_size}
    table = settings.fit(inputs, given, run=run, num_models=models, **fit).dataframe()
    yield CHOSEN, -table["score_out"].to_numpy()
    yield "memorization", table["memorization"].to_numpy()
    yield "error of the mean held-out prediction", (table["predicted"] - given).abs().to_numpy()
    folds = settings.fit(
        inputs, given, run=Path(f"{run}-folds"), num_models=FOLDS, design="leave-group-out", num_groups=FOLDS,
        max_failed=0.0, estimate=False, **fit,
    ).held_out_probabilities  # fmt: skip
    assert folds is not None
    yield from peers(inputs, given, seed, folds[:, 0])


def peers(inputs: np.ndarray, given: np.ndarray, seed: int, folds: np.ndarray) -> Iterator[tuple[str, Any]]:
    """Suspicion by cleanlab, from out-of-fold predictions of three kinds of models, and by its own fit.

    Args:
      folds: (examples,) the predictions of memjax's network, each by the one of five that did not see the example.
    """
    try:
        from cleanlab.regression.learn import CleanLearning
        from cleanlab.regression.rank import get_label_quality_scores
    except ImportError:
        print('the peers are left out: cleanlab is not installed; pip install -e ".[experiments]"')
        return
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    predictions = {"the same network": folds.astype(np.float64)}
    drawn = KFold(FOLDS, shuffle=True, random_state=seed)
    for name, model in (
        ("ridge regression", make_pipeline(StandardScaler(), Ridge())),
        ("gradient boosting", HistGradientBoostingRegressor(random_state=seed)),
    ):
        predictions[name] = cross_val_predict(model, inputs, given, cv=drawn)
    for name, predicted in predictions.items():
        yield f"{PEER}, {name}", -get_label_quality_scores(given, predicted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        issues = CleanLearning(cv_n_folds=FOLDS, seed=seed).find_label_issues(inputs, given)
    yield f"{PEER}, CleanLearning of linear regression", -issues["label_quality"].to_numpy()


if __name__ == "__main__":
    main(Settings, run)
