"""By which score should suspicious labels be ranked?

A share of the labels of several data sets is replaced by a random wrong one.  The measure is the average precision of
finding them by: the mean probability that held-out models give the label (low is suspicious); the most probable other
class minus that; memorization; memorization of the probability; and accuracy of held-out models.  `Result.suspects`
ranks by the first of these.  Another order is compared too, that in which labels that look wrong precede the others.

The peers are cleanlab's label quality scores, as cleanlab advises: self-confidence of probabilities from five-fold
cross-validation, of logistic regression, of gradient boosting, and of the same network by the same training.  Besides
the average precision there is the share of the n wrong labels that stand among the first n; by this share the order of
`Result.suspects` is compared with the peer that does best on the set.

    pip install -e ".[experiments]"
    python -m experiments.data.mnist5k
    python -m experiments.label_errors.ranking --size quick    digits, wine, breast cancer; 3 draws, 100 models each
    python -m experiments.label_errors.ranking                 three tables, three sets of images; 5 draws, 200 models
    python -m experiments.label_errors.ranking --only mnist5k  one of the sets
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import memjax
from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import mean_interval, paired
from experiments.common.planted import FOLDS, PEER, Size, finds_more
from experiments.common.settings import BaseSettings, Cost
from experiments.data.mnist5k import in_order
from memjax.config.specs import DataSpec
from memjax.errors import one_of

COST = Cost("2 min", "70 min")
CHOSEN = "held-out probability"
WRONG_FIRST = "those that look wrong first"

SIZES = {
    "smoke": Size(("wine",), 24, 2),
    "quick": Size(("digits", "wine", "breast_cancer"), 100, 3),
    "full": Size(("iris", "wine", "breast_cancer", "digits", "mnist5k", "fashion_mnist"), 200, 5),
}


@dataclass(frozen=True)
class Settings(BaseSettings):
    """Which score finds planted wrong labels best, over several data sets."""

    rate: float = 0.05
    """Share of the labels that are replaced by a wrong one."""
    only: tuple[str, ...] = ()
    """Only these of the data sets."""


def run(settings: Settings) -> Result:
    from sklearn.metrics import average_precision_score

    size = SIZES[settings.size]
    found: dict[str, dict[str, list[float]]] = {}
    first: dict[str, dict[str, list[float]]] = {}
    if unknown := set(settings.only) - set(size.names):
        raise one_of("--only", min(unknown), list(size.names))
    for name in settings.only or size.names:
        inputs, labels = examples(name, settings.data_seed)
        of_name = found.setdefault(name, {})
        for draw in range(size.draws):
            given, wrong = corrupted(labels, settings.rate, settings.data_seed + draw)
            for score, values in scores(settings, name, draw, size.models, inputs, given):
                of_name.setdefault(score, []).append(float(average_precision_score(wrong, np.nan_to_num(values))))
                top = np.argsort(-np.nan_to_num(values), kind="stable")[: wrong.sum()]
                first.setdefault(name, {}).setdefault(score, []).append(float(wrong[top].mean()))
    precision, among_first = (
        {name: {score: mean_interval(values) for score, values in of.items()} for name, of in measured.items()}
        for measured in (found, first)
    )
    return Result({"average_precision": precision, "found_among_first_n": among_first}, verdicts_of(found, first))


def verdicts_of(found: dict[str, dict[str, list[float]]], first: dict[str, dict[str, list[float]]]) -> list[Verdict]:
    """The verdicts, from average precision and from what is found among the first n, by set, score and draw.

    The draws that say which peer is best judge it too.  That chance helps the peer, so that it is against the claim.
    """
    verdicts = finds_more(CHOSEN, found)
    for name, of in first.items():
        peers = {score: np.mean(values) for score, values in of.items() if score.startswith(PEER)}
        if peers:
            best = max(peers, key=peers.__getitem__)
            claim = f"{name}: among the first n, {CHOSEN} finds more than its best peer, {best} (difference)"
            verdicts.append(Verdict(claim, paired(of[CHOSEN], of[best])))
    return verdicts


def examples(name: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and labels of a data set."""
    from sklearn import datasets

    if name in ("digits", "iris", "wine", "breast_cancer"):
        return getattr(datasets, f"load_{name}")(return_X_y=True)
    if name == "mnist5k":
        return in_order()
    data = memjax.load_dataset(DataSpec(name, per_class=300, data_seed=seed))
    return np.asarray(data.train_inputs), data.train_labels


def corrupted(labels: np.ndarray, rate: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The labels with a share of them replaced by a random other class, and which these are."""
    rng, classes = np.random.default_rng(seed), labels.max() + 1
    wrong = rng.random(len(labels)) < rate
    return np.where(wrong, (labels + rng.integers(1, classes, len(labels))) % classes, labels), wrong


def scores(
    settings: Settings, name: str, draw: int, models: int, inputs: np.ndarray, given: np.ndarray
) -> Iterator[tuple[str, Any]]:
    """Suspicion of each label by each score, higher where it is more suspicious."""
    run = settings.folder / "models" / f"ranking-{name}-{settings.rate:g}-{settings.data_seed}-{settings.seed}-{draw}"
    batch_size = min(64, max(16, len(given) // 16))
    result = settings.fit(inputs, given, run=run, num_models=models, seed=settings.seed + draw, batch_size=batch_size)
    table, every = result.dataframe(), result.held_out_probabilities
    assert every is not None
    rows = np.arange(len(given))
    others = every.copy()
    others[rows, given] = -np.inf
    yield CHOSEN, -table["probability_out"].to_numpy()
    yield "held-out margin", others.max(1) - every[rows, given]
    yield "memorization", table["memorization"].to_numpy()
    yield "memorization of probability", (table["probability_in"] - table["probability_out"]).to_numpy()
    yield "held-out accuracy", -table["correct_out"].to_numpy()
    yield WRONG_FIRST, table["looks_wrong"].to_numpy() - table["probability_out"].to_numpy()
    folds = settings.fit(
        inputs, given, run=Path(f"{run}-folds"), num_models=FOLDS, seed=settings.seed + draw,
        batch_size=batch_size, design="leave-group-out", num_groups=FOLDS, max_failed=0.0, estimate=False,
    ).held_out_probabilities  # fmt: skip
    assert folds is not None
    yield from peers(inputs.reshape(len(inputs), -1), given, settings.seed + draw, folds)


def peers(inputs: np.ndarray, given: np.ndarray, seed: int, folds: np.ndarray) -> Iterator[tuple[str, Any]]:
    """Suspicion by cleanlab's self-confidence, from out-of-fold probabilities of three kinds of models.

    Args:
      folds: (examples, classes) the probabilities of memjax's network, each by the one of five that did not see it.
    """
    try:
        from cleanlab.rank import get_label_quality_scores
    except ImportError:
        print('the peers are left out: cleanlab is not installed; pip install -e ".[experiments]"')
        return
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    drawn = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for name, model in (
        ("logistic regression", make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))),
        ("gradient boosting", HistGradientBoostingClassifier(random_state=seed)),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a model stopped before it had converged
            probabilities = cross_val_predict(model, inputs, given, cv=drawn, method="predict_proba")
        yield f"{PEER}, {name}", -get_label_quality_scores(given, probabilities)
    folds = folds.astype(np.float64)
    yield f"{PEER}, the same network", -get_label_quality_scores(given, folds / folds.sum(1, keepdims=True))


if __name__ == "__main__":
    main(Settings, run)
