import json

import pytest

from memjax.store.sealed import BrokenSeal, fingerprint, seal, unseal

TABLE = {"b": [1, 2.5, None], "a": {"name": "é\u2028"}, "c": 10**30}


def test_a_sealed_table_is_plain_json_and_is_read_as_it_was_written():
    content = seal(TABLE)

    assert unseal(content) == TABLE
    assert json.loads(content)["b"] == [1, 2.5, None]


def test_the_order_of_keys_does_not_change_the_fingerprint():
    assert fingerprint(TABLE) == fingerprint(dict(reversed(TABLE.items())))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("2.5", "2.4"),
        lambda text: text.replace("2.5", "2.50"),
        lambda text: text.replace(" ", "", 1),
        lambda text: text + "\n",
        lambda text: json.dumps(json.loads(text)),
        lambda text: json.dumps(TABLE, indent=1),
        lambda text: "[]",
        lambda text: "{",
        lambda text: "[" * 100_000,
    ],
)
def test_any_change_is_noticed(change):
    with pytest.raises(BrokenSeal):
        unseal(change(seal(TABLE).decode()).encode())
