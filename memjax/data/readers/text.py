"""Lines of text as sequences of tokens: an example is a line, from the line break before it to the one that ends it."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from memjax.config.specs import DataSpec, TableSpec
from memjax.data.in_memory import InMemory, from_arrays
from memjax.errors import InputError
from memjax.metrics import task_named
from memjax.prng import host_permutation
from memjax.untrusted import user_path

BREAK = "\n"  # the first token of the vocabulary: it begins and ends each line
LENGTH = 256  # tokens of a line, if nobody chose
SPACE = "\u2581"  # how the package tokenizers writes a space


def load_text(place: str, spec: DataSpec, table: TableSpec) -> InMemory:
    """The lines of a file, or of all .txt files of a folder, as examples; empty lines are left out.

    Test lines are those of the files whose names begin with `test`; of a file, or a folder without such files, they are
    drawn, see `TableSpec.test_fraction`.

    Raises:
      InputError: a file is missing, no UTF-8 text, or has no line; or the tokens are not known.
    """
    path = user_path(place)
    files = sorted(path.glob("*.txt")) if path.is_dir() else [path]
    lines = [(file, number, line) for file in files for number, line in enumerate(_lines(file), 1) if line.strip()]
    if len(lines) < 2:
        raise InputError(f"{path} has {len(lines)} lines of text; expected a file, or a folder of .txt files, of more")
    if replace(table, test_fraction=TableSpec.test_fraction) != TableSpec():
        raise InputError("--target, --id, --drop and --split are for tables; leave them out for text")
    rows, names = _tokens([line for *_, line in lines], spec.tokens)
    longest = max(map(len, rows))
    length = min(longest, (spec.length or LENGTH) + 2)  # and both line breaks
    sequences = np.full((len(rows), length), -1, np.int32)
    for row, tokens in enumerate(rows):
        kept = tokens if len(tokens) <= length else tokens[: length - 1]
        sequences[row, : len(kept)] = kept
    test = np.array([path.is_dir() and file.name.startswith("test") for file, *_ in lines])
    if not test.any():
        drawn = host_permutation(spec.data_seed, "test lines", 0, len(lines))
        test[drawn[: round(table.test_fraction * len(lines))]] = True
    own = np.array([f"{file.stem}:{number}" if path.is_dir() else str(number) for file, number, _ in lines])
    (x_train, x_test), (ids, test_ids) = ([each[~test], each[test]] for each in (sequences, own))
    task = spec.task if task_named(spec.task).targets == "tokens" else "tokens"  # another is refused later
    x_test = x_test if len(x_test) else None
    found = from_arrays(x_train, None, x_test, ids=ids, test_ids=test_ids, name=path.name, task=task)
    cut = sum(len(tokens) > length for tokens in rows)
    told = f"{cut:,} of {len(rows):,} lines are cut off after {length - 2} tokens; --length {longest - 2} takes all"
    with_names = replace(found.dataset, tokens=names)
    return found._replace(dataset=with_names, notices=(told,) if cut else ())


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; give a file of text, or a folder of .txt files") from None
    except UnicodeDecodeError as problem:
        raise InputError(f"{path} is no UTF-8 text: {problem}; convert it, as with iconv -t UTF-8") from None


def _tokens(lines: list[str], how: str) -> tuple[list[list[int]], tuple[str, ...]]:
    """Token ids of each line between two line breaks, and the text of each id."""
    kind, _, count = how.partition(":")
    if how == "characters":
        names = [BREAK, *sorted({*"".join(lines)} - {BREAK})]
        ids = {name: number for number, name in enumerate(names)}
        rows = [[ids[character] for character in line] for line in lines]
    elif how == "bytes":
        names = [BREAK, *(chr(byte) if 32 <= byte < 127 else f"<{byte:02X}>" for byte in range(256))]
        rows = [[1 + byte for byte in line.encode()] for line in lines]
    elif kind == "pieces" and count.isascii() and count.isdigit() and int(count) > 1:
        rows, names = _pieces(lines, int(count))
    else:
        raise InputError(f"--tokens is {how!r}; give characters, bytes, or pieces:N with N word pieces")
    return [[0, *row, 0] for row in rows], tuple(names)


def _pieces(lines: list[str], count: int) -> tuple[list[list[int]], list[str]]:
    """Word pieces by byte-pair encoding of these lines."""
    try:
        from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    except ImportError:
        raise InputError("--tokens pieces needs the package tokenizers; pip install 'memjax[text]'") from None
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=count, special_tokens=[BREAK], show_progress=False)
    tokenizer.train_from_iterator(lines, trainer)
    ids = sorted(tokenizer.get_vocab().items(), key=lambda piece: piece[1])
    names = [name.replace(SPACE, " ") for name, _ in ids]
    return [found.ids for found in tokenizer.encode_batch(lines)], names
