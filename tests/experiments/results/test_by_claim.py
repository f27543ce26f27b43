import re

from experiments.results import by_claim
from experiments.results.tables import kept

COLUMN = ("emoji", "")


def run(experiment="memorization_values", data="emoji", size="full", repeats=1, seed=0, verdicts=(), **settings):
    settings |= {"size": size, "seed": seed, "data_seed": seed, "repeats": repeats}
    verdicts = [{"claim": claim, "word": word, "value": 0.5, "low": 0.4, "high": 0.6} for claim, word in verdicts]
    found = {"num_models": 1000, "num_train": 4686}
    return {"experiment": f"feldman_zhang.{experiment}", "data": data, "settings": settings, "verdicts": verdicts,
            "found": found}  # fmt: skip


def line(text, begins):
    [found] = [row for row in text.splitlines() if row.startswith(f"| {begins}")]
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_each_claim_has_a_row_and_each_data_set_a_column():
    results = {"a": run(verdicts=[("a tail of examples is memorized (share)", "supported")]),
               "b": run(data="mnist5k", verdicts=[("a tail of examples is memorized", "not supported")])}  # fmt: skip

    stays = {("a", "a tail of examples is memorized (share)"): True, ("b", "a tail of examples is memorized"): False}
    text = by_claim.of_network(results, "", stays)

    rows = [row for row in by_claim.ROWS if row.experiment == "memorization_values"]
    assert len(text.splitlines()) == 3 + len(rows)  # head, rule, models; what was not asked has no row
    assert line(text, "models")[1:] == ["1,000; 4,686; 1", "1,000; 4,686; 1", "", ""]
    cells = line(text, "a tail")
    assert cells[1] == "[yes](./results/a.json) 0.5 [0.4, 0.6]"
    assert cells[2] == "[**no**](./results/b.json) † 0.5 [0.4, 0.6]"
    assert cells[3] == "not run"
    assert by_claim.table(results, stays).splitlines()[-1] == by_claim.NOT_RUN
    assert "a tail" not in by_claim.of_network(results, "cnn", stays)


def test_copies_are_known_on_emoji_alone():
    results = {"a": run("twins", verdicts=[("pairs of influence show one emoji", "supported")])}

    cells = line(by_claim.of_network(results, "", {("a", "pairs of influence show one emoji"): True}), "strong pairs")

    assert cells[1:] == ["[yes](./results/a.json) 0.5 [0.4, 0.6]", *["copies not known"] * 3]


def test_of_several_draws_the_first_says_how_many_models_there_are():
    results = {"a": run(repeats=2, verdicts=[("a tail of examples is memorized", "supported")])}
    results["a"]["found"] = {"repeats": [results["a"]["found"], {}]}

    text = by_claim.of_network(results, "", {("a", "a tail of examples is memorized"): True})

    assert line(text, "models")[1] == "1,000; 4,686; 2"
    assert line(text, "a tail")[1].endswith("[0.4, 0.6]")  # the draws stand at the top


def test_a_cell_of_one_draw_says_so_where_the_others_have_several():
    claims = [("removing examples of memorization .3 or more costs accuracy", "supported")]
    results = {"a": run(repeats=5), "b": run("marginal_utility", verdicts=claims)}
    results["a"]["found"] = {"repeats": [results["a"]["found"]] * 5}

    text = by_claim.table(results, {("b", claims[0][0]): True})

    assert line(text, "removing those")[1].endswith("[0.4, 0.6] (one draw)")


def test_of_several_verdicts_of_one_claim_the_words_are_counted():
    words = ["supported", "undecided", "supported", "not supported"]
    claims = [(f"memorized are worth more than random ones; {number}", word) for number, word in enumerate(words)]

    text = by_claim.table({"a": run("critics", verdicts=claims)}, {("a", claim): True for claim, _ in claims})

    assert line(text, "they are worth more")[1] == "[1 undecided, 2 yes, 1 **no**](./results/a.json)"


def test_a_run_with_other_models_than_those_at_the_top_says_so():
    claims = [("removing examples of memorization .3 or more costs accuracy", "supported")]
    results = {"a": run(models=1000), "b": run("marginal_utility", models=160, repeats=5, verdicts=claims)}

    text = by_claim.table(results, {("b", claims[0][0]): True})

    assert line(text, "removing those")[1] == "[yes](./results/b.json) 0.5 [0.4, 0.6] (5 draws, 160 models)"


def test_the_run_that_is_shown_has_most_draws_then_the_full_form_and_the_usual_seeds_and_network():
    results = {"quick": run(size="quick"), "full": run(), "other seed": run(repeats=9, seed=1), "cnn": run(model="cnn")}

    assert by_claim.best_of(results, "memorization_values", COLUMN) == "full"
    results["draws"] = run(size="quick", repeats=5)
    assert by_claim.best_of(results, "memorization_values", COLUMN) == "draws"
    assert by_claim.best_of(results, "memorization_values", ("emoji", "cnn")) == "cnn"
    assert by_claim.best_of(results, "memorization_values", ("digits", "")) == ""


def test_runs_on_made_data_stand_below():
    results = {"m": run("mixture", data="mixture", verdicts=[("a", "supported"), ("b", "undecided")])}

    told = by_claim.table(results, {}).splitlines()[-1]

    assert told == "On made data: [`mixture`](./results/m.json) 1 undecided, 1 supported."


def test_every_row_finds_a_verdict_in_a_result_that_is_kept():
    """A verdict that is worded anew must not fall out of the table without a word."""
    results = kept()
    known = {result["experiment"].split(".")[1] for result in results.values()}

    for row in by_claim.ROWS:
        claims = [verdict["claim"] for result in results.values() for verdict in result["verdicts"]
                  if result["experiment"] == f"feldman_zhang.{row.experiment}"]  # fmt: skip
        assert row.experiment not in known or any(re.match(row.begins, claim) for claim in claims), row


def test_the_share_that_the_influenced_explain_stands_beside_the_effect():
    claims = [("the influenced test examples explain half of that drop or more", "supported")]
    results = {"a": run("pair_removal", repeats=2, verdicts=claims), "b": run(repeats=2)}
    results["a"]["found"] = {"repeats": [
        {"drop_explained_by_influenced": {"value": part}, "drop": {"no pairs": {"all": {"value": drop}}}}
        for part, drop in ((0.01, 0.0), (0.02, 0.06))
    ]}  # fmt: skip
    results["b"]["found"] = {"repeats": [results["b"]["found"]] * 2}

    text = by_claim.table(results, {("a", claims[0][0]): True})

    assert line(text, "... the influenced ones")[1].endswith("0.5 [0.4, 0.6], share 0.50")
