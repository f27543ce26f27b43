"""What is planted among the sentences, and how far halves of models agree."""

import numpy as np

from experiments.language import counterfactual
from experiments.language.counterfactual import KINDS, LONGEST, SHORTEST

WORDS = ["some", "old", "words", "in", "every", "line", "of", "a", "text"]
CORPUS = [" ".join(np.random.default_rng(seed).choice(WORDS, 7))
          for seed in range(200)] + ["Too short.", "9 numbers are left out of all the lines"]  # fmt: skip


def test_lines_are_sentences_canaries_and_pairs():
    lines = counterfactual.plant(CORPUS, 40, seed=1)

    assert [KINDS[kind] for kind in lines.kinds[[0, 4, 24, 32]]] == [
        "canaries", "sentences", "near duplicates", "duplicates",
    ]  # fmt: skip
    assert np.bincount(lines.kinds).tolist() == [4, 20, 8, 8]
    assert all(" " not in line and len(line) == 32 for line in lines.train[:4])
    plain = lines.train[4:24]
    assert len({*plain}) == 20
    assert all(SHORTEST <= len(line) <= LONGEST and not any(map(str.isdigit, line)) for line in plain)
    for place in range(24, 40, 2):
        one, other = (line.split() for line in lines.train[place : place + 2])
        assert sum(a != b for a, b in zip(one, other, strict=True)) == (place < 32)
    for twin, row in zip(lines.test, lines.twins, strict=False):
        assert sum(a != b for a, b in zip(twin.split(), lines.train[row].split(), strict=True)) == 1
    assert not {*lines.test[4:]} & {*lines.train}
    assert lines.train == counterfactual.plant(CORPUS, 40, seed=1).train != counterfactual.plant(CORPUS, 40, 2).train


def test_halves_agree_where_lines_differ_and_do_not_where_all_is_noise():
    rng = np.random.default_rng(0)
    masks = rng.random((200, 60)) < 0.5
    noise = rng.normal(size=masks.shape)

    kinds = np.repeat([0, 1, 2], 20)
    same = counterfactual.split_half(masks, masks * np.tile(np.linspace(0, 3, 20), 3) + noise, kinds)
    none = counterfactual.split_half(masks, 9 * masks * kinds + noise, kinds)  # kinds differ, lines of a kind do not

    assert same.low > 0.9
    assert none.low < 0 < none.high
