"""What a run says of itself in words: facts, warnings, and the examples at the top."""

from typing import Any

import numpy as np

from memjax.metrics import metric_named
from memjax.store import Plan
from memjax.types import Dataset, SubsetDesign

MANY_BY_CHANCE = 0.1  # share of the pairs found from which the reader should be warned
USUAL = (0, False, "standard", "float32")
MODEL_EXTRAS = {"norm": "{} normalisation", "dropout": "dropout {:g}"}
TRAIN_EXTRAS = {
    "weight_decay": "weight decay {:g}", "label_smoothing": "label smoothing {:g}", "input_noise": "input noise {:g}",
    "crop": "random crops by {} pixels", "flip": "random flips", "scaling": "inputs from 0 to 1", "precision": "{}",
}  # fmt: skip
FALSE_SHARE = 0.05  # of the pairs that are said to hold up
CONVERGED = 0.999  # in-sample accuracy from which held-in errors no longer matter


def typical_stderr(estimates: dict[str, np.ndarray]) -> float:
    """Root mean square of the standard errors of all scores that have one; NaN if none has."""
    stderr = estimates["tr_mem_stderr"][np.isfinite(estimates["tr_mem_stderr"])]
    return float(np.sqrt(np.mean(np.square(stderr, dtype=np.float64)))) if len(stderr) else float("nan")


def largest_stderr(estimates: dict[str, np.ndarray]) -> float:
    """The largest standard error of all scores that have one; NaN if none has."""
    stderr = estimates["tr_mem_stderr"][np.isfinite(estimates["tr_mem_stderr"])]
    return float(stderr.max(initial=0)) if len(stderr) else float("nan")


def start(dataset: Dataset, plan: Plan, design: SubsetDesign) -> dict[str, Any]:
    """What a run is about to do: `headline` says it in words."""
    return {
        "data": dataset.name,
        "num_train": dataset.num_train,
        "num_test": dataset.num_test,
        "num_classes": dataset.num_classes,
        "model": plan.config["model"]["model"],
        "design": design.name,
        "num_models": plan.num_models,
        "pack_size": plan.pack_size,
        "seed": plan.config["seed"],
    }


def headline(start: dict[str, Any]) -> str:
    """The first line that a run prints."""
    return printable(
        f"{start['data']}: {start['num_train']:,} training and {start['num_test']:,} test examples, "
        f"{start['num_classes']} classes; {start['num_models']} models {start['model']}, {start['design']}"
    )


def without_test(dataset: Dataset) -> str:
    """A line where there are no test examples; else nothing."""
    return "" if dataset.num_test else "there are no test examples: memorization is estimated, influence is undefined"


def findings(dataset: Dataset, estimates: dict[str, np.ndarray], pairs: dict[str, np.ndarray]) -> dict[str, Any]:
    """What came out, as numbers by name: `rows` says them in words."""
    from memjax.estimators import count_pairs

    mem = estimates["tr_mem"][np.isfinite(estimates["tr_mem"])]
    return {
        "num_models": int(estimates["num_models"]),
        "num_failed": int(estimates["num_failed"]),
        "score": score_of(estimates),
        "accuracy": {name: float(estimates[f"{name}_accuracy"]) for name in ("in_sample", "held_out", "test")},
        "memorization": {
            "mean": float(mem.mean(dtype=np.float64)) if len(mem) else float("nan"),
            "threshold": float(pairs["mem_threshold"]),
            "memorized": int((mem >= pairs["mem_threshold"]).sum()),
            "defined": len(mem),
            "undefined": len(estimates["tr_mem"]) - len(mem),
        },
        "reliability": {  # a folder of an older version has none
            "whole": float(estimates.get("reliability", np.nan)),
            "halves": float(estimates.get("reliability_halves", np.nan)),
        },
        "standard_error": {"typical": typical_stderr(estimates), "largest": largest_stderr(estimates)},
        "pairs": {
            **count_pairs(pairs["tr_idx"], pairs["tt_idx"])._asdict(),
            "threshold": float(pairs["infl_threshold"]),
            "expected_by_chance": float(pairs["expected_by_chance"]),
            "discoveries": _discoveries(pairs),
        },
        "warnings": warnings(estimates, pairs),
        "most_memorized": [
            {
                "example": int(dataset.train_ids[row]),
                "label": dataset.class_names[dataset.train_labels[row]],
                "memorization": float(estimates["tr_mem"][row]),
                "standard_error": float(estimates["tr_mem_stderr"][row]),
            }
            for row in _highest(estimates, 10)
        ],
    }


def rows(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The findings as names and texts of a table."""
    accuracy, memorization, error, pairs = (
        found[name] for name in ("accuracy", "memorization", "standard_error", "pairs")
    )
    defined, memorized = memorization["defined"], memorization["memorized"]
    of = "" if found["score"] == "correct" else f", of {found['score']}"
    share = f" ({100 * memorized / defined:.1f} %)" if defined else ""
    return [
        (
            "models",
            f"{found['num_models']} models; accuracy in sample {accuracy['in_sample']:.4f}, "
            f"held out {accuracy['held_out']:.4f}, test {accuracy['test']:.4f}",
        ),
        (
            "memorization",
            f"{memorization['mean']:z.4f} on average{of}; {memorized:,} of {defined:,} examples{share} "
            f"have {memorization['threshold']:g} or more",
        ),
        (
            "standard error",
            f"{error['typical']:.4f} for a typical score (root mean square), {error['largest']:.4f} at most",
        ),
        *_reliability(found["reliability"]),
        (
            "pairs",
            f"{pairs['pairs']} with influence >= {pairs['threshold']:g}{of} within a class "
            f"({pairs['train']} training and {pairs['test']} test examples, {pairs['test_with_one']} of these in one "
            f"pair only); {pairs['expected_by_chance']:.1f} would be expected by chance"
            + _in_words(pairs["discoveries"]),
        ),
    ]


def score_of(estimates: dict[str, np.ndarray]) -> str:
    """What memorization and influence are differences of; a folder of an older version has correctness."""
    return str(estimates.get("score", "correct"))


def _reliability(found: dict[str, float]) -> list[tuple[str, str]]:
    if not np.isfinite(found["whole"]):
        return []
    whole, halves = found["whole"], found["halves"]
    text = f"{whole:.3f}, the correlation to expect with scores of as many other models; {halves:.3f} between halves"
    return [("reliability", text)]


def _in_words(discoveries: int | None) -> str:
    return "" if discoveries is None else f"; {discoveries} hold up at a false discovery rate of {FALSE_SHARE:.0%}"


def _discoveries(pairs: dict[str, np.ndarray]) -> int | None:
    """Pairs that are kept where 5 % of those kept may be false; None in a folder of an older version."""
    return int((pairs["q_value"] <= FALSE_SHARE).sum()) if "q_value" in pairs else None


def warnings(estimates: dict[str, np.ndarray], pairs: dict[str, np.ndarray]) -> list[str]:
    """What a careful reader should know before using the scores."""
    found = []
    models, failed = int(estimates["num_models"]), int(estimates["num_failed"])
    accuracy = float(estimates["in_sample_accuracy"])
    if accuracy < CONVERGED:
        found.append(
            f"In-sample accuracy is {accuracy:.4f}, below {CONVERGED}: these models had not fitted their own training "
            "examples, and each held-in error lowers a memorization score. Train longer (--epochs), or with another "
            "--learning-rate or a larger --model."
        )
    if failed:
        found.append(
            f"{failed} of {models} models diverged (outputs that are not finite numbers) and were left out. "
            "A lower --learning-rate usually helps."
        )
    if undefined := int(np.isnan(estimates["tr_mem"]).sum()):
        found.append(
            f"{undefined} training examples were in all models or in none and have no score. "
            "Train more models, or use --design balanced."
        )
    if models < 100:
        found.append(
            f"Only {models} models: standard errors reach {largest_stderr(estimates):.2f}. "
            "Do not rank single examples by these scores."
        )
    if not metric_named(score := score_of(estimates)).bounded:
        found.append(
            f"Memorization and influence are differences of {score}, in units of logits: the thresholds of "
            f"{pairs['mem_threshold']} and {pairs['infl_threshold']} were made for shares of right answers and let far "
            "more pass. Rank by these numbers, do not count them."
        )
    by_chance, passed = float(pairs["expected_by_chance"]), len(pairs["infl"])
    if by_chance > MANY_BY_CHANCE * passed and passed:
        found.append(
            f"Noise alone would lift about {by_chance:,.0f} pairs over the threshold of {pairs['infl_threshold']}; "
            f"{passed:,} were found. Trust the strongest only, or train more models."
        )
    return found


def facts(plan: Plan, estimates: dict[str, np.ndarray]) -> dict[str, str]:
    """The configuration table of the report."""
    config, data = plan.config, plan.data
    train, subset = config["train"], config["subset"]
    rows = {
        "data": f"{data['name']}, {data['num_train']:,} training and {data['num_test']:,} test examples",
        "data sha256": data["sha256"],
        "label noise": f"{config['data']['label_noise']:g} of the training labels changed on purpose",
        "corruptions": _corruptions(config["data"]),
        "model": ", ".join([config["model"]["model"], *_extras(config["model"], MODEL_EXTRAS)]),
        "models": f"{plan.num_models:,} planned, {int(estimates['num_models']):,} trained, "
        f"{int(estimates['num_failed'])} diverged",
        "subsets": _subsets(subset),
        "training": f"{train['epochs']} epochs, batches of {train['batch_size']}, {train['optimizer']} "
        + " ".join([*train["optimizer_options"], ""])
        + ", ".join(
            [
                f"at {train['learning_rate']:g}, {train['schedule']} schedule, warm-up {train['warmup']:g}",
                *_extras(train, TRAIN_EXTRAS),
            ]
        ),
        "score": _score_in_words(estimates),
        "seed": str(config["seed"]),
        "pack size": str(plan.pack_size),
        "made with": ", ".join(f"{name} {value}" for name, value in plan.environment.items()),
        "started": plan.created,
    }
    if not config["data"]["label_noise"]:
        del rows["label noise"]
    if not rows["corruptions"]:
        del rows["corruptions"]
    return rows


def _corruptions(data: dict[str, Any]) -> str:
    """What was spoiled on purpose; a folder of an older version says nothing of it."""
    return ", ".join(data.get("corrupt", ())) + " (test examples too)" * bool(data.get("corrupt_test"))


def _score_in_words(estimates: dict[str, np.ndarray]) -> str:
    return f"{score_of(estimates)}, of which memorization and influence are differences"


def facts_of_arrays(dataset: Dataset, masks: np.ndarray, estimates: dict[str, np.ndarray]) -> dict[str, str]:
    """The configuration table of a report of predictions that were trained elsewhere: what the arrays tell."""
    sizes = masks.sum(1)
    seen = f"{sizes.min():,}" if sizes.min() == sizes.max() else f"{sizes.min():,} to {sizes.max():,}"
    return {
        "predictions": printable(dataset.name),
        "data": f"{dataset.num_train:,} training and {dataset.num_test:,} test examples",
        "models": f"{len(masks):,}, trained elsewhere",
        "subsets": f"{seen} of the training examples",
        "score": _score_in_words(estimates),
    }


def _extras(settings: dict[str, Any], words: dict[str, str]) -> list[str]:
    """Settings that are not what they usually are, in words; a folder of an older version may lack some."""
    return [text.format(settings[name]) for name, text in words.items() if settings.get(name) not in (*USUAL, None)]


def _subsets(subset: dict[str, Any]) -> str:
    design = subset["design"]
    if design in ("fixed-size", "bernoulli", "balanced"):
        return f"{design}, {100 * subset['subset_fraction']:g} % of the training examples"
    return f"{design}, {subset['num_groups']} groups" if design == "leave-group-out" else design


def most_memorized(dataset: Dataset, estimates: dict[str, np.ndarray], count: int = 10) -> list[str]:
    """Lines of a table of the examples with the highest scores; those without a score are not in it."""
    mem = estimates["tr_mem"]
    width = max(5, *(len(name) for name in dataset.class_names))
    lines = [f"{'example':>8}  {'label':<{width}}  {'memorization':>15}  {'correct in':>10}  {'correct out':>11}"]
    for row in _highest(estimates, count):
        label = printable(dataset.class_names[dataset.train_labels[row]])
        score = f"{mem[row]:.3f} ± {estimates['tr_mem_stderr'][row]:.3f}"
        inside, outside = estimates["tr_correct_in"][row], estimates["tr_correct_out"][row]
        lines.append(f"{dataset.train_ids[row]:>8}  {label:<{width}}  {score:>15}  {inside:>10.3f}  {outside:>11.3f}")
    return lines


def _highest(estimates: dict[str, np.ndarray], count: int) -> list[int]:
    """Rows of the highest scores, the highest first; of equal ones the better known."""
    mem = estimates["tr_mem"]
    order = np.lexsort((estimates["tr_mem_stderr"], -mem))[:count]
    return [int(row) for row in order if np.isfinite(mem[row])]


def printable(text: str) -> str:
    """Text from a data file without what a terminal would act on."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
