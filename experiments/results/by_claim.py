"""The first paper's claims: a table for each kind of network, a row for each claim, a column for each data set."""

import re
from typing import Any, NamedTuple

from experiments.results.tables import decided, measured

PART = "feldman_zhang"
SETS = {"emoji": "emoji", "mnist5k": "mnist5k", "fashion_mnist": "Fashion-MNIST", "digits": "digits"}  # -> heading
NETWORKS = {"": "The usual network, an MLP.", "cnn": "The same with a CNN, `cnn:8,16`."}
WORTH = "memorized examples are worth more than as many random ones, threshold"
SHORT = {"supported": "yes", "not supported": "**no**"}


class Row(NamedTuple):
    """A claim in a few words, its experiment, and a pattern for the beginning of the verdicts that judge it; of several
    the words count.  With `explained` the share of the drop that the influenced explain stands beside the effect."""

    claim: str
    experiment: str
    begins: str
    explained: bool = False


ROWS = (
    Row("a tail of examples is memorized: share (CIFAR-100 .36)", "memorization_values", "a tail of examples"),
    Row("the histogram has a second peak at 1 (.07)", "memorization_values", "the histogram"),
    Row("memorized examples are worth more than random ones, thresholds .2 to .9 (.009 to .028)", "marginal_utility",
        f"{WORTH}s .2 to .9"),
    Row("... .1 (.032)", "marginal_utility", f"{WORTH} 0.1"),
    Row("... .3 (.024)", "marginal_utility", f"{WORTH} 0.3"),
    Row("... .9 (.008)", "marginal_utility", f"{WORTH} 0.9"),
    Row("removing those of .3 or more costs accuracy (.068)", "marginal_utility", "removing examples"),
    Row("they are worth more under controls that answer critics, of nine", "critics",
        r"memorized are worth more than random ones; (?!as in the paper)|\.\.\. without near-duplicates"),
    Row("their removal hurts under these, of six", "critics", "removal of the memorized hurts; (?!as in the paper)"),
    Row("pairs have influence in other models", "influence_pairs", "the selected pairs"),
    Row("... and as much as pairs are selected by, .15", "influence_pairs", r"\.\.\. and on average as much"),
    Row("more test examples have one influencer than several (by .066)", "influence_pairs",
        "most influenced"),
    Row("pairs look alike", "influence_pairs", "pairs look alike"),
    Row("strong pairs are near-duplicates (by pixels; emoji: copies)", "influence_pairs", "pairs of influence"),
    Row("strong pairs show one emoji", "twins", "pairs of influence"),
    Row("... and pairs find the copies: share found", "twins", "where one training drawing"),
    Row("fewer copies, more memorization", "twins", "drawings of emoji with at most"),
    Row("without the pairs the influenced test examples suffer (.268)", "pair_removal", "without the pairs the infl"),
    Row("... and all test accuracy is lower (.025)", "pair_removal", "without the pairs test accuracy"),
    Row("... the influenced ones explain half or more of that (share .94)", "pair_removal",
        "the influenced test examples explain", explained=True),
    Row("... and no more than one and a half times of it", "pair_removal", r"\.\.\. and no more than one"),
    Row("... and the others get worse too (hardly)", "pair_removal", "the others get worse"),
    Row("other models memorize the same: Jaccard (.977)", "consistency", "the same examples are memorized"),
    Row("... and rank them alike (bound .9)", "consistency", "memorization ranks"),
    Row("... and have the same pairs (.69)", "consistency", "the same pairs"),
    Row("a CNN memorizes much the same as an MLP", "architectures", "cnn memorizes much the same"),
    Row("... and agrees less on pairs, as shares of the MLP's own (.21 to .38)", "architectures", "cnn agrees less"),
    Row("on fixed features fewer are memorized", "last_layer", "on fixed features"),
    Row("... not a tenth as many (38 against 18,099)", "last_layer", r"\.\.\. not a tenth"),
    Row("estimates rank examples as leave-one-out does", "leave_one_out", r"at m/n = \.7"),
    Row("critics: they overestimate memorization", "leave_one_out", r"critics: at \.7"),
)  # fmt: skip
MISSING = {"twins": "copies not known"}  # why an experiment has no result on a data set
NOT_RUN = "Not run: the time of two cores, shared with other work, did not suffice; earlier runs are in the text below."


def table(results: dict[str, dict[str, Any]], stays: dict[tuple[str, str], bool]) -> str:
    """The tables, and a line for the runs on made data.

    Args:
      stays: whether a verdict, by the name of its file and its claim, is decided in the family of all.
    """
    own = {name: result for name, result in results.items() if result["experiment"].startswith(f"{PART}.")}
    parts = [f"{head}\n\n{of_network(own, network, stays)}" for network, head in NETWORKS.items()]
    note = NOT_RUN if any("| not run |" in part for part in parts) else ""
    return "\n\n".join([*parts, f"{note} {made_data(own)}".strip()])


def of_network(results: dict[str, dict[str, Any]], network: str, stays: dict[tuple[str, str], bool]) -> str:
    """The table of one kind of network; claims that it was not asked about on any data set have no row."""
    columns = [(name, network) for name in SETS]
    best = {
        place: best_of(results, *place) for place in {(row.experiment, column) for row in ROWS for column in columns}
    }
    asked = {experiment for (experiment, _), name in best.items() if name}
    lines = ["| claim (paper) | " + " | ".join(SETS.values()) + " |", "|---" * (1 + len(SETS)) + "|"]
    sizes = " | ".join(size_of(results, column) for column in columns)
    lines.append(f"| models of a draw; training examples; draws | {sizes} |")
    for row in ROWS:
        if row.experiment in asked:
            cells = [cell(row, column, results, best[row.experiment, column], stays) for column in columns]
            lines.append(f"| {row.claim} | {' | '.join(cells)} |")
    return "\n".join(lines)


def best_of(results: dict[str, dict[str, Any]], experiment: str, column: tuple[str, str]) -> str:
    """The run that the table shows: usual seeds, no label, of most draws, and full rather than quick; else nothing."""

    def rank(name: str) -> tuple[int, bool]:
        settings = results[name]["settings"]
        return settings["repeats"], settings["size"] == "full"

    names = [
        name
        for name, result in results.items()
        if result["experiment"] == f"{PART}.{experiment}" and place_of(result) == column
        and not result["settings"]["seed"] and not result["settings"]["data_seed"] and not result.get("label")
    ]  # fmt: skip
    return max(names, key=rank, default="")


def place_of(result: dict[str, Any]) -> tuple[str, str]:
    """The data set and the kind of network of a run; the network is empty where it is the usual one."""
    return result["data"], result["settings"].get("model", "").partition(":")[0]


def size_of(results: dict[str, dict[str, Any]], column: tuple[str, str]) -> str:
    """In how many draws, from how many models and of how many training examples memorization was estimated."""
    name = best_of(results, "memorization_values", column)
    if not name:
        return ""
    found, draws = first_found(results[name]), results[name]["settings"]["repeats"]
    return f"{found['num_models']:,}; {found['num_train']:,}; {draws}"


def first_found(result: dict[str, Any]) -> dict[str, Any]:
    """What a run found; of several draws the first."""
    return result["found"].get("repeats", [result["found"]])[0]


def cell(
    row: Row, column: tuple[str, str], results: dict[str, dict[str, Any]], name: str, stays: dict[tuple[str, str], bool]
) -> str:
    """The verdict with its effect; the number of each word where several verdicts judge one claim; or why none does."""
    if not name:
        return MISSING.get(row.experiment, "not run")
    found = [
        verdict for verdict in results[name]["verdicts"] if re.match(row.begins, without_channels(verdict["claim"]))
    ]
    if not found:
        return "not judged"
    words = [verdict["word"] for verdict in found]
    link, other = f"./results/{name}.json", other_models(results, name, column)
    if len(found) == 1:
        mark = " †" if decided(found[0]) and not stays[name, found[0]["claim"]] else ""
        share = explained_share(results[name]) if row.explained else ""
        return f"[{SHORT.get(words[0], words[0])}]({link}){mark} {measured(found[0])}{share}{other}"
    counts = ", ".join(f"{words.count(word)} {SHORT.get(word, word)}" for word in dict.fromkeys(sorted(words)[::-1]))
    return f"[{counts}]({link}){other}"


def explained_share(result: dict[str, Any]) -> str:
    """The drop that the influenced test examples explain over the whole drop, each the mean of its draws."""
    draws = result["found"].get("repeats", [result["found"]])
    explained = sum(draw["drop_explained_by_influenced"]["value"] for draw in draws)
    drop = sum(draw["drop"]["no pairs"]["all"]["value"] for draw in draws)
    return f", share {explained / drop:.2f}" if drop else ""


def without_channels(claim: str) -> str:
    """A claim about a CNN, of whatever channels.

    >>> without_channels("cnn:8,16 agrees less on pairs")
    'cnn agrees less on pairs'
    """
    return re.sub(r"^cnn:\S+", "cnn", claim)


def other_models(results: dict[str, dict[str, Any]], name: str, column: tuple[str, str]) -> str:
    """The number of draws and of models where they are not those at the top of the column."""
    settings, top = results[name]["settings"], best_of(results, "memorization_values", column)
    draws = settings["repeats"]
    usual = results[top]["settings"]["repeats"] if top else 1
    words = [f"{draws} draws" if draws > 1 else "one draw"] if draws != usual else []
    if settings.get("models") and top and settings["models"] != first_found(results[top])["num_models"]:
        words.append(f"{settings['models']} models")
    return f" ({', '.join(words)})" if words else ""


def made_data(results: dict[str, dict[str, Any]]) -> str:
    """A sentence for the runs whose data are made, and therefore in no column."""
    told = []
    for name, result in results.items():
        if place_of(result)[0] not in SETS and result["data"].startswith("mixture"):
            words = [verdict["word"] for verdict in result["verdicts"]]
            counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(sorted(words)[::-1]))
            told.append(f"[`{result['experiment'].split('.')[1]}`](./results/{name}.json) {counts}")
    return f"On made data: {'; '.join(told)}." if told else ""
