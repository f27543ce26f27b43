"""Two runs beside each other: how far their scores agree, and which examples moved by more than their errors."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from memjax import notebook, store
from memjax.errors import InputError
from memjax.exchange.published import agreement
from memjax.metrics import task_named
from memjax.notebook import three_digits as digits
from memjax.report.page.other_pages import comparison_page
from memjax.runs import display
from memjax.runs.result import Result, open
from memjax.runs.summary import FDR, printable
from memjax.types import Estimate

SIDES = ("_a", "_b")
ABOUT = ("run", "data", "models", "standard error")


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two runs, A and B, on the training examples that both have.

    Attributes:
      columns: one value for each example: id, label_a, label_b, memorization_a, stderr_a, memorization_b, stderr_b,
        their difference (B - A), its standard error (stderr), p_value (`difference_p_values`), q_value and moved
        (q_value at most 0.05).
      pairs: train_id, test_id, influence_a, stderr_a, influence_b and stderr_b of the strong pairs of either run whose
        two examples are in both; NaN where the pair is not strong in that run.
      facts: the numbers by name: how many examples and pairs are in both runs or in one, those of
        `memjax.exchange.agreement`, and ceiling and ceiling_spearman: the correlation expected if nothing differs but
        the models, which is the root of the product of the reliabilities of both runs; NaN where one is not known.
      about: what the runs are, in words: a name, and a text for either run.
    """

    columns: dict[str, np.ndarray]
    pairs: dict[str, np.ndarray]
    facts: dict[str, Any]
    about: list[tuple[str, str, str]]

    @property
    def moved(self) -> dict[str, np.ndarray]:
        """The rows of `columns` that moved beyond their error, the largest difference first."""
        rows = np.flatnonzero(self.columns["moved"])
        rows = rows[np.argsort(-np.abs(self.columns["difference"][rows]), kind="stable")]
        return {name: values[rows] for name, values in self.columns.items()}

    def to_dataframe(self) -> Any:
        """`columns` as a pandas data frame."""
        return notebook.frame(self.columns)

    def answer(self) -> str:
        """How many examples moved, in a sentence."""
        moved, up = self.facts["moved"], self.facts["moved_up"]
        return (
            f"{moved:,} of {self.facts['tested']:,} examples moved beyond their error (FDR {100 * FDR:g} %): "
            f"{up:,} are memorized more in B, {moved - up:,} less."
        )

    def rows(self) -> list[tuple[str, str]]:
        """The facts as names and texts of a table."""
        found = {name: value if isinstance(value, list) else f"{value:,}" if isinstance(value, int) else digits(value)
                 for name, value in self.facts.items()}  # fmt: skip
        return [
            *((name, f"A: {a}; B: {b}") for name, a, b in self.about),
            ("examples", "{examples} in both runs, {other_label} of them with another label; {only_a} only in A, "
             "{only_b} only in B".format(**found)),
            ("agreement", "Pearson {pearson}, of {ceiling} expected if only the models differ; Spearman {spearman}, of "
             "{ceiling_spearman}; mean absolute difference {mean_difference}; overlap of the examples that score 0.25 "
             "or more {jaccard} (Jaccard)".format(**found)),
            ("moved", self.answer()),
            ("pairs", "{pairs_both} strong pairs in both runs, {pairs_only_a} only in A, {pairs_only_b} only in B"
             .format(**found)),
            *(("notice", text) for text in self.facts["notices"]),
        ]  # fmt: skip

    def report(self, path: str | Path) -> display.ReportFile:
        """Writes an HTML page that needs no network, with the scores of both runs and the examples that moved."""
        page = comparison_page(self.about, self.answer(), self.rows()[len(self.about) :], self.columns, self.moved)
        return display.write_page(path, page)

    def __repr__(self) -> str:
        return display.as_text("", {}, self.rows())

    def _repr_html_(self) -> str:
        most = {name: values[: notebook.SHOWN] for name, values in self.moved.items()}
        return display.as_html(self.answer(), most, self.rows())


def compare(first: Result | str | Path, second: Result | str | Path) -> Comparison:
    """Compares two finished runs: before and after cleaning, of two networks, or of two seeds.

    Training examples are matched by the user's own ids, or by the numbers of their rows where there are none.  Standard
    errors take the runs to be independent.

    Args:
      first, second: results, or run folders.

    Raises:
      InputError: a run is not finished, both are one run, their scores are of different quantities, or their examples
        do not match.
    """
    from memjax.estimators.discoveries import q_values

    runs = [each if isinstance(each, Result) else open(each) for each in (first, second)]
    notices, ids = _check(*runs), [run.ids.astype(str) for run in runs]
    shared, *rows = np.intersect1d(ids[0], ids[1], return_indices=True)
    if not len(shared):
        raise InputError(
            f"no example is in both runs: the first of A is {str(ids[0][0])!r}, of B {str(ids[1][0])!r}; give two runs "
            "of one data set, with the same --id"
        )
    order = np.argsort(rows[0])
    rows = [side[order] for side in rows]
    labels = [run.columns["label"][side].astype(str) for run, side in zip(runs, rows, strict=True)]
    other = int((labels[0] != labels[1]).sum())
    if 2 * other > len(shared) and runs[0].dataset.name != runs[1].dataset.name:
        raise InputError(
            f"{other:,} of {len(shared):,} examples that have one id in both runs have another label; expected runs of "
            "one data set. If the rows stand in another order, name them by a column, with --id"
        )
    only = [len(side) - len(shared) for side in ids]
    if (other or any(only)) and not any(run.given and run.given.own_ids is not None for run in runs):
        notices.append(
            "Examples are matched by the numbers of their rows. If rows were left out or moved, name the rows of both "
            "runs by a column, with --id."
        )
    a, b = (_of_rows(run.memorization, side) for run, side in zip(runs, rows, strict=True))
    p_value, difference = difference_p_values(a, b), b.value - a.value
    known, q_value = np.isfinite(p_value), np.full(len(p_value), np.nan)
    q_value[known] = q_values(p_value[known], int(known.sum()))
    columns = {
        "id": shared[order], "label_a": labels[0], "label_b": labels[1], "memorization_a": a.value,
        "stderr_a": a.stderr, "memorization_b": b.value, "stderr_b": b.stderr, "difference": difference,
        "stderr": np.hypot(a.stderr, b.stderr), "p_value": p_value, "q_value": q_value, "moved": q_value <= FDR,
    }  # fmt: skip
    pairs, moved = _pairs(runs, shared), columns["moved"]
    strong = [np.isfinite(pairs[f"influence{side}"]) for side in SIDES]
    ceilings = (np.sqrt(np.prod([_reliability(getattr(run.estimates, f"reliability_{kind}")) for run in runs]))
                for kind in ("halves", "spearman"))  # fmt: skip
    facts = {
        "examples": len(shared), "only_a": only[0], "only_b": only[1], "other_label": other,
        **agreement(np.asarray(a.value), np.asarray(b.value))._asdict(),
        **dict(zip(("ceiling", "ceiling_spearman"), ceilings, strict=True)),
        "moved": int(moved.sum()), "moved_up": int((difference[moved] > 0).sum()), "tested": int(known.sum()),
        "pairs_both": int((strong[0] & strong[1]).sum()), "pairs_only_a": int((~strong[1]).sum()),
        "pairs_only_b": int((~strong[0]).sum()), "notices": notices,
    }  # fmt: skip
    return Comparison(columns, pairs, facts, list(zip(ABOUT, *map(_about, runs), strict=True)))


def difference_p_values(first: Estimate, second: Estimate) -> Float[np.ndarray, " examples"]:
    """Two-sided p-values of no difference between two independent estimates of the same examples; NaN where undefined.

    Of counts of right answers: the normal tail of the difference over the larger of its standard error and that from
    the rates of both runs together (score test).  Alone, the first is too small where few models are all right or all
    wrong, and the second where both rates moved.  Of other scores: Welch's t, with degrees of freedom from the smaller
    side of either run.
    """
    from scipy.stats import norm, t

    with np.errstate(invalid="ignore", divide="ignore"):  # no model on a side: undefined
        difference, variances = second.value - first.value, [first.stderr**2, second.stderr**2]
        stderr = np.sqrt(sum(variances))
        if first.num_right is None or second.num_right is None:
            fewest = [np.minimum(each.num_in, each.num_out) - 1 for each in (first, second)]
            parts = [each**2 / count for each, count in zip(variances, fewest, strict=True)]
            return 2 * t.sf(np.abs(difference) / stderr, stderr**4 / sum(parts))
        counts, pooled = list(zip(first._counts(), second._counts(), strict=True)), np.zeros(len(difference))
        for right, count in (counts[:2], counts[2:]):  # in, out
            rate = sum(right) / sum(count)
            pooled += rate * (1 - rate) * (1 / count[0] + 1 / count[1])
        return 2 * norm.sf(np.abs(difference) / np.maximum(stderr, np.sqrt(pooled)))


def _of_rows(estimate: Estimate, rows: Int[np.ndarray, " examples"]) -> Estimate:
    """Some rows of an estimate, in double precision."""
    right, fields = estimate.num_right, (np.asarray(each, np.float64)[rows] for each in estimate)
    return Estimate(*fields, num_right=None if right is None else np.asarray(right)[rows])


def _check(a: Result, b: Result) -> list[str]:
    """Notices of what the runs share; InputError if they cannot be compared."""
    plans = [run.run.plan for run in (a, b)]
    if plans[0].fingerprint == plans[1].fingerprint:
        raise InputError(
            f"{store.shown(a.folder)} and {store.shown(b.folder)} hold the same models; expected two runs that differ "
            "in their data, network or --seed"
        )
    tasks = [task_named(run.config.data.task).name for run in (a, b)]
    if tasks[0] != tasks[1]:
        raise InputError(f"the task of A is {tasks[0]}, that of B {tasks[1]}; expected two runs of one task")
    if a.estimates.score != b.estimates.score:
        raise InputError(
            f"the scores of A are differences of {a.estimates.score}, those of B of {b.estimates.score}; estimate one "
            f"again: memjax --run {store.shown(b.folder)} --score {a.estimates.score}"
        )
    subsets = [(plan.config["seed"], plan.config["subset"], plan.data["num_train"]) for plan in plans]
    if subsets[0] != subsets[1]:
        return []
    return [
        "Both runs trained on the same subsets, since they have one --seed. They share part of their noise: the errors "
        "of differences are upper limits, and the agreement may exceed the ceiling."
    ]


def _pairs(runs: list[Result], ids: Any) -> dict[str, np.ndarray]:
    tests = set.intersection(*({str(each) for each in run.test_ids.tolist()} for run in runs))
    tables = []
    for run in runs:
        table = notebook.frame(run.pair_columns)[["train_id", "test_id", "influence", "influence_stderr"]]
        table = table.rename(columns={"influence_stderr": "stderr"})
        table[["train_id", "test_id"]] = table[["train_id", "test_id"]].astype(str)
        tables.append(table[table["train_id"].isin(ids) & table["test_id"].isin(tests)])
    both = tables[0].merge(tables[1], on=["train_id", "test_id"], how="outer", suffixes=SIDES)
    return {name: both[name].to_numpy() for name in both}


def _reliability(halves: float) -> float:
    """Of a whole run, from the correlation of two halves (Spearman and Brown)."""
    return 2 * halves / (1 + halves) if halves > 0 else float("nan")


def _about(run: Result) -> tuple[str, str, str, str]:
    found = run.estimates
    return (
        printable(run.folder.name), f"{printable(run.dataset.name)}, {run.dataset.num_train:,} training examples",
        f"{found.num_models:,} models {printable(run.config.model.model)}, seed {run.config.seed}",
        f"{digits(found.typical_stderr)} typical",
    )  # fmt: skip
