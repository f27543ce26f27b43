"""Writes the tables of the results that are kept: those of experiments/README.md and RESULTS.md, and docs/gallery.md.

python -m experiments.results            writes them
python -m experiments.results --check    says whether they are what the results say
"""

import sys
from pathlib import Path

from experiments.results import again, by_claim
from experiments.results.gallery import gallery, shown
from experiments.results.tables import FOLDER, PARTS, family, kept, options_of, stays_decided, table

README, ALL = FOLDER.parent / "README.md", FOLDER.parent / "RESULTS.md"
GALLERY = FOLDER.parent.parent / "docs" / "gallery.md"
BEGIN, END = "<!-- made by python -m experiments.results -->", "<!-- end -->"
HEAD = """# Gallery

What the experiments found, question by question: a verdict is *supported* where the 95 % interval lies above the bound
that the [protocol](protocol.md) or the text of its experiment names, *not supported* where it lies below, else
*undecided*. † is behind one that a correction for the family of all verdicts takes back. Of each data set, network and
form, quick or full, the run of most draws is shown.
This page is made from the results by `python -m experiments.results`.

"""
SHOWN = "Of each experiment, data set, network and form the run of most draws alone, as in the gallery:"
ALL_HEAD = """# Every verdict

What each run that is kept says of each claim: a table for each experiment, a row for each claim and run; n is the
number of cases that the interval is over, such as examples, retrainings, networks or draws. `README.md` has the
claims of Feldman and Zhang in fewer words and says what was found, `PROTOCOL.md` what was fixed before the runs, the
gallery of the documentation has the figures. This page is made by `python -m experiments.results`.

"""


def pages() -> dict[Path, str]:
    """What each page should hold."""
    results = kept()
    before, rest = README.read_text().split(BEGIN)
    after = rest.split(END, 1)[1]
    stays = stays_decided(results)
    first = by_claim.table(results, stays)
    counted = f"{family(results)}\n\n{SHOWN} {family(shown(results))}"
    made = "\n\n".join([BEGIN, counted, f"**{PARTS[by_claim.PART]}**", first, END])
    every = "\n\n".join([counted, table(results), again.table(results)]) + "\n"
    return {README: before + made + after, ALL: ALL_HEAD + every, GALLERY: HEAD + gallery(results, stays)}


def main(arguments: list[str]) -> None:
    """Writes the pages, or compares them."""
    parser = options_of("results", __doc__)
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    check = parser.parse_args(arguments).check
    wanted = pages()
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if check:
        names = ", ".join(path.name for path in stale)
        sys.exit(f"{names}: not what the results say; run python -m experiments.results" if stale else 0)
    for path in stale:
        path.write_text(wanted[path])
        print(f"written: {path}")


if __name__ == "__main__":
    main(sys.argv[1:])
