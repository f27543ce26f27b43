"""Attribution scores of any method, judged by the models of a run."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from memjax import store
from memjax.errors import InputError
from memjax.exchange.score_files import Scores, read_scores
from memjax.runs.brittleness import brittleness_of, stored_removals
from memjax.runs.result import Result, open
from memjax.runs.summary import printable
from memjax.runs.verdict import Measure, Verdict
from memjax.types import Outcomes

QUANTITIES = ("margin", "log_odds", "probability", "correct")  # the first that a run has saved is judged by
DRAWS = 100  # of the bootstrap of models and test examples
FAVOUR = 4.0  # standard errors from which scores were made from the judging models
NO_CEILING = "The ceiling of LDS is not known: it needs a twin, a run on the same subsets with another seed."
ABOVE = "The LDS is above its ceiling. Were the scores made from the judging models?"
TURNED = "The scores point the wrong way: here a positive score says that training on an example helps. Methods that \
predict the change of the loss have the other sign."
OTHER = "judge them by a run with another --seed"
SAME = 1 - 1e-6  # correlation from which scores are the run's own influence


def judge(
    scores: Any, run: Result | str | Path, *, twin: Result | str | Path | None = None,
    left_out: Result | str | Path | None = None, fitted_masks: Any = None, score: str = "", brittleness: int = 0,
    remove: int | None = None, repeats: int = 5, seed: int = 0,
) -> Verdict:  # fmt: skip
    """Judges attribution scores (train x test) of any method by models that were trained on random subsets.

    Correlations are of one test example, and their mean is taken over test examples:

    * LDS: Spearman, of sums of scores over each model's subset with the model's output; its ceiling needs a twin.
    * left out: Pearson, of scores with what exact retraining without an example, or a group of them, does.
    * influence, twin: Pearson, of scores with the influence that the run, or its twin, estimates.

    Strong pairs: the recall of the run's strong pairs among equally many largest scores of one class.  Wrong labels:
    the average precision on labels that were changed on purpose, by `self_influence`, or by the least sum of scores.
    Brittleness: how often a prediction is wrong after the highest scores of its test example are removed.

    Args:
      scores: a file or array, see `memjax.exchange.score_files.read_scores`; positive where training on i helps with j.
      run: the judging run, or the folder that `memjax truth` made, which also has the twin and the left-out models.
      twin: a run with another seed.  On the same subsets it gives the ceiling.
      left_out: a run whose models leave out one example or one group each, best several times.
      fitted_masks: (models, train) masks of the models that the scores were made from.
      score: the output to judge by: margin, log_odds, probability or correct; by default the first that is saved, or
        the score of a run of another task.
      brittleness: test examples to measure brittleness on.  This trains 3 x `repeats` models for each; 1 x where the
        folder of a truth has the ceiling and what chance reaches.
      remove: how many training examples to remove; by default as many as the truth did, else 20, at most a quarter.
      repeats: models for each removal.
      seed: of the bootstrap, and of what brittleness draws.

    Raises:
      InputError: scores that cannot be used, or that were made from the judging models.

    Reference:
      Park et al., TRAK: Attributing Model Behavior at Scale, 2023, arXiv 2303.14186; Ilyas et al., Datamodels:
      Predicting Predictions from Training Data, 2022, arXiv 2202.00622, for brittleness.
    """
    judging, other, alone = _opened(run, twin, left_out)
    given = read_scores(scores, judging.ids, judging.test_ids)
    score = score or next((name for name in QUANTITIES if name in judging.config.keep), judging.config.score)
    if judging.run.sees_everything:
        raise InputError(f"{store.shown(judging.folder)} has models on everything; give a run on random subsets")
    known = given.fitted_masks if fitted_masks is None else fitted_masks
    bench = _Bench(given, judging, other, score, seed)
    measures, classes, notices = list[Measure](), list[Measure](), list[str]()
    if "leave-" in judging.config.subset.design:
        alone = alone or judging
    else:
        bench.refuse_own()
        measures, classes = bench.lds(known)
        measures += [*bench.agreement("influence", judging), *(bench.agreement("twin", other) if other else ())]
        measures += bench.strong_pairs()
        if bench.judging[2] is None:
            notices.append(NO_CEILING)
        if measures[0].low > measures[0].ceiling:
            notices.append(ABOVE)
    measures += [*(bench.left_out(alone) if alone else ()), *bench.wrong_labels()]
    if brittleness and "correct" not in judging.config.keep:
        raise InputError(f"brittleness is of right and wrong predictions; the run has {judging.dataset.kinds}")
    if brittleness:
        stored = None if isinstance(run, Result) else stored_removals(store.place(run), judging)
        found = brittleness_of(judging, given, bench.own, brittleness, remove, repeats, seed, stored)
        measures.append(Measure("brittleness", *found))
    if not measures:
        raise InputError(f"{store.shown(judging.folder)} leaves out fewer than three groups; expected three or more")
    if measures[0].value < 0 and measures[0].is_sure:
        notices.insert(0, TURNED)
    where = printable(str(scores)) if isinstance(scores, str | Path) else "an array"
    named = {"models": judging, "twin": other, "left out": alone}
    folders = (f"{what} in {printable(store.shown(each.folder))}" for what, each in named.items() if each)
    shape = "{:,} training x {:,} test examples".format(*given.values.shape)
    about = f"the {score.replace('_', ' ')} of {len(bench.judging[0]):,} models, {judging.run.design.name}"
    understood = [
        ("scores", f"{where}: {shape}, {given.said}"),
        ("sign", "positive where training on an example helps with a test example"),
        ("judged by", "; ".join([about, *folders])),
    ]
    return Verdict(measures, classes, understood, notices)


def _opened(run: Any, *others: Any) -> list[Any]:
    """The results of run folders, and of a truth folder also the twin and the left-out models that it has."""
    if isinstance(run, str | Path) and (inside := store.place(run) / "runs" / "models").is_dir():
        there = [path if (path := inside.parent / name).is_dir() else None for name in ("twin", "left-out")]
        run, others = inside, tuple(given or found for given, found in zip(others, there, strict=True))
    return [each if each is None or isinstance(each, Result) else open(each) for each in (run, *others)]


def _influence(masks: np.ndarray, found: np.ndarray) -> np.ndarray:
    from memjax.estimators import influence

    return np.asarray(influence(masks, found).value, np.float64)


@dataclass(frozen=True, eq=False)
class _Bench:
    """Scores before the models that judge them."""

    given: Scores
    run: Result
    twin: Result | None
    score: str
    seed: int
    read: dict[Result, Outcomes] = field(default_factory=dict)  # outcomes are read anew each time they are asked for

    def of(self, result: Result, score: str = "") -> tuple[np.ndarray, np.ndarray]:
        """Masks and outputs of the models of a run."""
        saved = self.read[result] = self.read.get(result) or result.outcomes
        name, where = score or self.score, store.shown(result.folder)
        if saved.masks.shape[1] != len(self.given.values) or result.dataset.num_test != self.run.dataset.num_test:
            raise InputError(f"{where} has other examples than {store.shown(self.run.folder)}; give a run of the same")
        if name not in saved.test:
            raise InputError(f"{where} has not saved {name}; choose one of: {', '.join(saved.test)}")
        return saved.masks, np.asarray(saved.test[name][:, self.given.tests], np.float64)

    @cached_property
    def judging(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Masks and outputs of the models, and of twins on the same subsets; then only of models that both have."""
        masks, found = self.of(self.run)
        if self.twin:
            outputs, ids = self.of(self.twin)[1], [self.read[each].model_ids for each in (self.run, self.twin)]
            _, ours, theirs = np.intersect1d(ids[0], ids[1], return_indices=True)
            if len(ours) and np.array_equal(masks[ours], self.read[self.twin].masks[theirs]):
                return masks[ours], found[ours], outputs[theirs]
        return masks, found, None

    def own(self) -> np.ndarray:
        """(train, test) influence of the judging models; 0 where it is not known."""
        every = np.zeros((len(self.given.values), self.run.dataset.num_test))
        every[:, self.given.tests] = np.nan_to_num(_influence(*self.judging[:2]))
        return every

    def refuse_own(self) -> None:
        """InputError for the influence that the run itself estimates, of any output."""
        from memjax.estimators.lds import pearson

        for name in set(QUANTITIES) & {*self.run.config.keep}:
            own, values = (each[:, :20] for each in (_influence(*self.of(self.run, name)), self.given.values))
            rows = np.isfinite(own).all(1)
            if (np.abs(pearson(own[rows], values[rows])) > SAME).any():
                raise InputError(f"the scores are the influence that the judging models give ({name}); {OTHER}")

    def lds(self, fitted: Any) -> tuple[list[Measure], list[Measure]]:
        """The LDS of all test examples, and of those of each class."""
        from memjax.estimators.lds import favour, linear_datamodeling_score, sums_over

        values, measures, (masks, found, again) = self.given.values, [], self.judging
        labels = self.run.dataset.test_labels[self.given.tests]
        for number, name in enumerate(("LDS", *self.run.dataset.class_names)):
            part = np.flatnonzero(labels == number - 1) if number else np.arange(len(labels))
            if part.size:
                each = linear_datamodeling_score(
                    values[:, part], masks, found[:, part], fitted_masks=fitted, seed=self.seed, draws=DRAWS,
                    outputs_again=None if again is None else again[:, part],
                )  # fmt: skip
                undefined = f", {each.num_undefined:,} undefined" if each.num_undefined else ""
                about = f"{len(part):,} test examples{undefined}"
                measures.append(Measure(name, *each[:3], 0.0, each.ceiling, "a perfect score", about))
        if again is not None and abs(better := favour(sums_over(masks, values), found, again, self.seed)) > FAVOUR:
            raise InputError(
                f"the scores predict the {'judging models' if better > 0 else 'twin'} better than other models of the "
                f"same subsets, by {abs(better):.0f} standard errors: they were made from these models; {OTHER}"
            )
        return measures[:1], measures[1:]

    def agreement(self, name: str, result: Result) -> list[Measure]:
        """Of scores with influence from the models of a run."""
        from memjax.estimators.reliability import halves

        masks, outputs = self.of(result)
        parts = np.ones(len(masks), bool), *halves(masks)
        whole, *apart = (_influence(masks[part], outputs[part]) for part in parts)
        rows = np.isfinite([whole, *apart]).all((0, 2))
        about = f"with the influence of {int(rows.sum()):,} training examples from {len(masks):,} models"
        return self._correlation(name, self.given.values[rows], whole[rows], [half[rows] for half in apart], about)

    def left_out(self, result: Result) -> list[Measure]:
        """Of scores with models that leave out one example or group each."""
        from memjax.estimators.lds import left_out, sums_over

        found = left_out(*self.of(result))
        sizes = (~found.masks).sum(1)
        what = "examples" if sizes.max(initial=0) == 1 else "groups of examples"
        about = f"{len(sizes):,} {what} left out, {result.num_models:,} models"
        return self._correlation(
            "left out", sums_over(found.masks, self.given.values), found.outputs, found.halves, about
        )

    def _correlation(self, name: str, predicted: Any, outputs: Any, halves: Any, about: str) -> list[Measure]:
        from memjax.estimators.lds import agreement, ceiling_of_halves, pearson

        if len(predicted) < 3:
            return []
        each = agreement(predicted, outputs, of=pearson, seed=self.seed, draws=DRAWS)
        ceiling = ceiling_of_halves(*halves) if halves else np.nan
        return [Measure(name, *each[:3], 0.0, ceiling, "a perfect score", about)]

    def strong_pairs(self) -> list[Measure]:
        """The recall of the run's strong pairs."""
        from memjax.estimators.lds import recall_of_pairs

        pairs, data, tests = self.run.pairs, self.run.dataset, self.given.tests
        place = np.full(data.num_test, -1)
        place[tests] = np.arange(len(tests))
        columns = place[pairs.test_rows]
        rows, columns = pairs.train_rows[columns >= 0], columns[columns >= 0]
        allowed = data.train_labels[:, None] == data.test_labels[tests]
        if not len(rows):
            return []
        how, ceiling = {"rows": rows, "columns": columns, "allowed": allowed, "seed": self.seed}, np.nan
        if self.twin:
            ceiling = recall_of_pairs(np.nan_to_num(_influence(*self.of(self.twin))), **how)[0]
        chance, about = len(rows) / allowed.sum(), f"{len(rows):,} of {allowed.sum():,} pairs of one class are strong"
        recall = recall_of_pairs(self.given.values, **how)
        return [Measure("strong pairs", *recall, chance, ceiling, "the influence from the twin", about)]

    def wrong_labels(self) -> list[Measure]:
        """The average precision on labels that were changed on purpose."""
        from memjax.estimators.lds import average_precision

        wrong, own = self.run.dataset.mislabelled, self.given.self_influence
        if not wrong.any() or wrong.all():
            return []
        held_out = self.run.columns.get("probability_out", self.run.columns["correct_out"])
        ceiling = average_precision(-np.nan_to_num(held_out, nan=1.0), wrong, draws=2)[0]
        found = average_precision(-self.given.values.sum(1) if own is None else own, wrong, self.seed)
        about = f"{int(wrong.sum()):,} of {len(wrong):,} labels are wrong; found by "
        about += "the least sum of scores" if own is None else "the largest self-influence"
        return [Measure("wrong labels", *found, wrong.mean(), ceiling, "held-out models", about)]
