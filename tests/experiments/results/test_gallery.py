"""The gallery: each question once, each data set in a column, and no run that is kept left out."""

from experiments.results import gallery
from experiments.results.tables import kept


def run(data="emoji", size="quick", repeats=1, seed=0, **settings):
    verdict = {"claim": "it is deep", "word": "supported", "value": 0.9, "low": 0.8, "high": 1.0, "above": 0.5,
               "repeats": repeats}  # fmt: skip
    settings |= {"size": size, "repeats": repeats, "seed": seed, "data_seed": seed}
    return {"experiment": "arpit.depth", "data": data, "settings": settings, "commit": "abc", "verdicts": [verdict]}


def page(runs):
    stays = {(name, "it is deep"): not name.startswith("taken back") for name in runs}
    return gallery.gallery(runs, stays)


def test_each_data_set_has_a_column_and_each_question_one_heading():
    text = page({"a": run(), "taken back": run("digits"), "full": run(size="full")})

    assert text.count("\n## ") + text.startswith("## ") == 1
    head = "| claim (bound) | [emoji, quick](../experiments/results/a.json) | [digits, quick]"
    assert head in text
    row = "| it is deep (0.5) | supported: 0.9 [0.8, 1], n = 1 | supported †: 0.9 [0.8, 1], n = 1 | supported: 0.9"
    assert row in text
    assert "Other runs" not in text


def test_a_run_whose_verdicts_were_made_again_says_so():
    assert gallery.made_by(run()) == "commit abc"
    assert gallery.made_by(run() | {"judged": "def"}) == "commit abc, verdicts def"


def test_networks_and_optimisers_have_tables_of_their_own():
    text = page({"a": run(), "cnn": run(model="cnn:8,16"), "adam": run(optimizer="adam")})

    assert text.count("| claim (bound) |") == 3
    assert "**With cnn:8,16**" in text
    assert "**With adam**" in text


def test_the_run_of_most_draws_is_shown_and_the_others_are_linked():
    runs = {"one": run(), "five": run(repeats=5), "seeds": run(seed=1, repeats=9), "elsewhere": run("digits", seed=1)}

    assert gallery.best(runs) == ["five", "elsewhere"]
    assert (
        page(runs)
        .rstrip()
        .endswith(
            "Other runs: [emoji, quick](../experiments/results/one.json), "
            "[emoji, quick, seeds 1 and 1, 9 draws](../experiments/results/seeds.json)."
        )
    )


def test_a_labelled_run_is_shown_where_it_has_a_claim_of_its_own():
    """Others judge the same with another option, and are linked."""
    other = run()
    other["verdicts"] = [other["verdicts"][0] | {"claim": "it is wide"}]
    runs = {"usual": run(repeats=5), "rate": run() | {"label": "rate-0.1"}, "wide": other | {"label": "wide"}}

    assert gallery.best(runs) == ["usual", "wide"]
    assert gallery.best({"rate": runs["rate"]}) == ["rate"]


def test_a_figure_is_shown_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "FIGURES", tmp_path)
    (tmp_path / "a.png").touch()

    text = page({"a": run(), "b": run("digits")})

    assert text.count("![") == 1
    assert "![emoji, quick](../experiments/figures/a.png)\n\n*emoji, quick*; commit abc" in text


def test_every_run_that_is_kept_is_linked():
    text = gallery.gallery(kept(), {(name, verdict["claim"]): True for name, result in kept().items()
                                    for verdict in result["verdicts"]})  # fmt: skip

    assert [name for name in kept() if f"/{name}.json)" not in text] == []
