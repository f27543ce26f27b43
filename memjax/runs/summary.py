"""A run in words: its configuration, its results, warnings, and the most memorized examples."""

from typing import Any

import numpy as np

from memjax.data.targets import label_values
from memjax.metrics import metric_named
from memjax.notebook import Summary
from memjax.results import Estimates, Listed, PairTable
from memjax.statistics import mean_known
from memjax.store import Plan
from memjax.types import Dataset, SubsetDesign

MANY_BY_CHANCE = 0.1  # a warning appears where more than this share of the pairs is expected under the null
USUAL = (0, False, "standard", "float32")
MODEL_EXTRAS = {"norm": "{} normalisation", "dropout": "dropout {:g}"}
TRAIN_EXTRAS = {
    "weight_decay": "weight decay {:g}", "label_smoothing": "label smoothing {:g}", "input_noise": "input noise {:g}",
    "crop": "random crops by {} pixels", "flip": "random flips", "scaling": "inputs from 0 to 1", "precision": "{}",
}  # fmt: skip
FDR = 0.05  # false discovery rate at which pairs are called significant
CONVERGED = 0.999  # in-sample accuracy from which held-in errors no longer matter


def start(dataset: Dataset, plan: Plan, design: SubsetDesign) -> dict[str, Any]:
    """What a run is about to do: `headline` says it in words."""
    return {
        "data": dataset.name,
        "num_train": dataset.num_train,
        "num_test": dataset.num_test,
        "num_classes": dataset.num_classes,
        "to_predict": dataset.kinds,
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
        f"{start['to_predict']}; {start['num_models']} models {start['model']}, {start['design']}"
    )


def findings(dataset: Dataset, estimates: Estimates, pairs: PairTable) -> dict[str, Any]:
    """The results as numbers by name, ready for JSON: `rows` says them in words."""
    from memjax.estimators import count_pairs

    mem, stderr = estimates.mem[np.isfinite(estimates.mem)], Summary(estimates.mem_stderr)
    sides, labels = estimates.scores[estimates.score], label_values(dataset, "train")
    return {
        "num_models": estimates.num_models,
        "num_failed": estimates.num_failed,
        "num_test": len(estimates.test_labels),
        "has_classes": dataset.train_targets is None,
        "score": estimates.score,
        "accuracy": {
            "in_sample": estimates.in_sample_accuracy,
            "held_out": estimates.held_out_accuracy,
            "test": estimates.test_accuracy,
        },
        "score_means": {"in_sample": mean_known(sides.mean_in), "held_out": mean_known(sides.mean_out)},
        "memorization": {
            "mean": float(mem.mean(dtype=np.float64)) if len(mem) else float("nan"),
            **dict(zip(("mean_low", "mean_high"), map(float, estimates.mean_interval), strict=True)),
            "threshold": pairs.memorization_threshold,
            "memorized": int((mem >= pairs.memorization_threshold).sum()),
            "defined": len(mem),
            "undefined": len(estimates.mem) - len(mem),
            "discoveries": None if estimates.mem_q_value is None else int((estimates.mem_q_value <= FDR).sum()),
        },
        "reliability": {
            "whole": estimates.reliability,
            "halves": estimates.reliability_halves,
            "spearman": estimates.reliability_spearman,
        },
        "standard_error": {"typical": estimates.typical_stderr, "largest": stderr.high},
        "pairs": {
            **count_pairs(pairs.train_rows, pairs.test_rows)._asdict(),
            "threshold": pairs.influence_threshold,
            "expected_by_chance": pairs.expected_by_chance,
            "discoveries": None if pairs.q_value is None else int((pairs.q_value <= FDR).sum()),
            "tested": pairs.num_candidates,
            "mean": float(pairs.influence.mean()) if len(pairs) else float("nan"),
            "mean_expected": float("nan") if pairs.shrunken is None or not len(pairs) else float(pairs.shrunken.mean()),
        },
        "all_pairs": {
            "tested": dataset.num_train * dataset.num_test,
            "helping_across_classes": _across(dataset, pairs.helped),
            "hurting": _across(dataset, pairs.hurt, within=True),
        },
        "warnings": warnings(estimates, pairs),
        "most_memorized": [
            {
                "example": int(dataset.train_ids[row]),
                "label": str(labels[row]),
                "memorization": float(estimates.mem[row]),
                "standard_error": float(estimates.mem_stderr[row]),
            }
            for row in estimates.most_memorized(10)
        ],
    }


def rows(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The findings as names and texts of a table."""
    names = ("accuracy", "memorization", "standard_error", "pairs", "reliability")
    accuracy, memorization, error, pairs, reliability = (found[name] for name in names)
    defined, memorized = memorization["defined"], memorization["memorized"]
    of = "" if found["score"] == "correct" else f" (of {found['score']})"
    share = f" ({100 * memorized / defined:.1f} %)" if defined else ""
    low, high = memorization["mean_low"], memorization["mean_high"]
    ends = f" (95 % interval over examples and models {low:z.4f} to {high:z.4f})" if np.isfinite(low) else ""
    known = [f"{name.replace('_', ' ')} {share:.4f}" for name, share in accuracy.items() if np.isfinite(share)]
    scored = {name: mean for name, mean in found["score_means"].items() if np.isfinite(mean)}
    means = [f"{name.replace('_', ' ')} {mean:z.4f}" for name, mean in scored.items()]
    well = f"accuracy {', '.join(known)}" if known else f"{found['score']} {', '.join(means) or 'undefined'}"
    table = [
        ("models", f"{found['num_models']} models; {well}"),
        (
            "memorization",
            f"mean {memorization['mean']:z.4f}{of}{ends}; {memorized:,} of {defined:,} examples{share} "
            f"score {memorization['threshold']:g} or more" + _significant(memorization["discoveries"], defined)
            if defined
            else "undefined",
        ),
        (
            "standard error",
            f"{error['typical']:.4f} typical (root mean square), {error['largest']:.4f} largest"
            if np.isfinite(error["typical"])
            else "undefined",
        ),
    ]
    if np.isfinite(reliability["whole"]):
        table.append((
            "reliability",
            f"{reliability['whole']:.3f} expected correlation with scores from a new run of the same size; "
            f"{reliability['halves']:.3f} between two halves of the models"
            + (f" (Spearman {ranks:.3f})" if np.isfinite(ranks := reliability["spearman"]) else ""),
        ))  # fmt: skip
    if not found["num_test"]:
        return [*table, ("influence", "undefined without test examples")]
    text = (
        f"{pairs['pairs']}{' within a class' * found['has_classes']} with influence of "
        f"{pairs['threshold']:g} or more{of}; "
        f"{pairs['train']} training and {pairs['test']} test examples, of which {pairs['test_with_one']} appear in "
        f"exactly one pair; {pairs['expected_by_chance']:.1f} pairs expected under the null"
    )
    text += _significant(pairs["discoveries"], pairs["tested"])
    if np.isfinite(pairs["mean_expected"]):
        text += f"; mean influence {pairs['mean']:.2f}, about {pairs['mean_expected']:.2f} expected from new models"
    table.append(("pairs", text))
    if (hurting := found["all_pairs"]["hurting"]) is not None:
        across = found["all_pairs"]["helping_across_classes"]
        text = f"{hurting:,} pairs hurt, and {across:,} help across classes"
        table.append(("all pairs", text + _significant(hurting + across, found["all_pairs"]["tested"])))
    return table


def _across(dataset: Dataset, listed: Listed | None, within: bool = False) -> int | None:
    """How many of the listed pairs of two classes, or also of those within a class, are significant."""
    if listed is None or listed.q_value is None:
        return None
    others = dataset.train_labels[:, None] != dataset.test_labels[listed.test_rows]
    return int(((listed.q_value <= FDR) & (others | within)).sum())


def _significant(discoveries: int | None, tested: int | None) -> str:
    return "" if discoveries is None else f"; {discoveries} of {tested:,} tested significant at FDR {100 * FDR:g} %"


def warnings(estimates: Estimates, pairs: PairTable) -> list[str]:
    """What a careful reader should know before using the scores."""
    found, models = [], estimates.num_models
    if estimates.in_sample_accuracy < CONVERGED:
        found.append(
            f"In-sample accuracy is {estimates.in_sample_accuracy:.4f}, below {CONVERGED}: the models have not fitted "
            "their own training examples, and each error on them lowers a memorization score. Train longer (--epochs), "
            "or with another --learning-rate or a larger --model."
        )
    if estimates.num_failed:
        found.append(
            f"{estimates.num_failed} of {models} models diverged (their outputs are not finite numbers) and are "
            "excluded. A lower --learning-rate usually helps."
        )
    if undefined := int(np.isnan(estimates.mem).sum()):
        found.append(
            f"{undefined} training examples have no score: all models trained on them, or none did, or the models on "
            "either side have subsets of different sizes. Train more models, or use --design balanced."
        )
    if not np.isfinite(estimates.mem_stderr).any():
        found.append(
            "No score has a standard error: each example was held out by one subset only, trained once or several "
            "times, or by no more than one on some size. Repeating a subset says nothing of others. With --design "
            "fixed-size or balanced, scores have errors."
        )
    elif models < 100:
        found.append(
            f"Only {models} models: standard errors reach {Summary(estimates.mem_stderr).high:.2f}. "
            "Do not rank single examples by these scores."
        )
    if not metric_named(estimates.score).bounded:
        unit = metric_named(estimates.score).unit
        found.append(
            f"Memorization and influence are differences of {estimates.score}, in {unit}. The thresholds of "
            f"{pairs.memorization_threshold} and {pairs.influence_threshold} were made for accuracies, so far more "
            "examples and pairs pass them. Use the scores to rank, not to count."
        )
    if pairs.expected_by_chance > MANY_BY_CHANCE * len(pairs) > 0:
        found.append(
            f"About {pairs.expected_by_chance:,.0f} pairs above the threshold of {pairs.influence_threshold} are "
            f"expected under the null; {len(pairs):,} were found. Trust only the strongest, or train more models."
        )
    return found


def facts(plan: Plan, estimates: Estimates) -> dict[str, str]:
    """The configuration table of the report."""
    config, data = plan.config, plan.data
    train, subset, noise = config["train"], config["subset"], config["data"]["label_noise"]
    corruptions = ", ".join(config["data"].get("corrupt", ()))  # the plan of an older version names none
    schedule = [f"at {train['learning_rate']:g}", f"{train['schedule']} schedule", f"warm-up {train['warmup']:g}"]
    schedule += _extras(train, TRAIN_EXTRAS)
    rows = {
        "data": f"{data['name']}, {data['num_train']:,} training and {data['num_test']:,} test examples",
        "data sha256": data["sha256"],
        "label noise": noise and f"{noise:g} of the training labels changed on purpose",
        "corruptions": corruptions + " (test examples too)" * bool(config["data"].get("corrupt_test")),
        "model": ", ".join([config["model"]["model"], *_extras(config["model"], MODEL_EXTRAS)]),
        "models": f"{plan.num_models:,} planned, {estimates.num_models:,} trained, {estimates.num_failed} diverged",
        "subsets": _subsets(subset),
        "training": f"{train['epochs']} epochs, batches of {train['batch_size']}, "
        + " ".join([train["optimizer"], *train["optimizer_options"], ", ".join(schedule)]),
        "score": _score_in_words(estimates),
        "seed": str(config["seed"]),
        "models per batch": str(plan.pack_size),
        "made with": ", ".join(f"{name} {value}" for name, value in plan.environment.items()),
        "started": plan.created,
    }
    return {name: text for name, text in rows.items() if text}


def _score_in_words(estimates: Estimates) -> str:
    return f"{estimates.score}; memorization and influence are differences of its means"


def facts_of_arrays(dataset: Dataset, masks: np.ndarray, estimates: Estimates) -> dict[str, str]:
    """The configuration table of a report on models that were trained elsewhere."""
    sizes = masks.sum(1)
    size = f"{sizes.min():,}" if sizes.min() == sizes.max() else f"{sizes.min():,} to {sizes.max():,}"
    return {
        "predictions": printable(dataset.name),
        "data": f"{dataset.num_train:,} training and {dataset.num_test:,} test examples",
        "models": f"{len(masks):,}, trained elsewhere",
        "subsets": f"{size} of the training examples",
        "score": _score_in_words(estimates),
    }


def _extras(settings: dict[str, Any], words: dict[str, str]) -> list[str]:
    """Unusual settings in words; the plan of an older version may lack some."""
    return [text.format(settings[name]) for name, text in words.items() if settings.get(name) not in (*USUAL, None)]


def _subsets(subset: dict[str, Any]) -> str:
    design, groups = subset["design"], subset.get("groups")
    if design in ("fixed-size", "bernoulli", "balanced"):
        return f"{design}, {100 * subset['subset_fraction']:g} % of the {'groups' if groups else 'training examples'}"
    if groups:
        return f"{design}, by group"
    return f"{design}, {subset['num_groups']} groups" if design == "leave-group-out" else design


def most_memorized(dataset: Dataset, estimates: Estimates, count: int = 10) -> list[str]:
    """Lines of a table of the examples with the highest scores; those without a score are not in it."""
    labels, shown = [printable(str(value)) for value in label_values(dataset, "train").tolist()], "correct"
    width = max(5, *map(len, labels))
    if not np.isfinite(estimates.correct.mean_out).any():  # correctness is not known
        shown = estimates.score
    sides, inside, outside = estimates.scores[shown], f"{shown} in", f"{shown} out"
    lines = [f"{'example':>8}  {'label':<{width}}  {'memorization':>15}  {inside:>10}  {outside:>11}"]
    for row in estimates.most_memorized(count):
        label = labels[row]
        score = f"{estimates.mem[row]:.3f} ± {estimates.mem_stderr[row]:.3f}".removesuffix(" ± nan")
        means = f"{sides.mean_in[row]:>{max(10, len(inside))}.3f}  {sides.mean_out[row]:>{max(11, len(outside))}.3f}"
        lines.append(f"{dataset.train_ids[row]:>8}  {label:<{width}}  {score:>15}  {means}")
    return lines


def printable(text: str) -> str:
    """Text from a data file without what a terminal would act on."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
