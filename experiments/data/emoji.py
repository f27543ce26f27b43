"""Emoji: small colour drawings by two vendors, with a long tail of classes and with known twins.

    python -m experiments.data.emoji               16 x 16: memjax.fit("emoji")
    python -m experiments.data.emoji --pixels 32   32 x 32: memjax.fit("emoji32")
    python -m experiments.data.emoji --no-skin     without other colours of skin: emoji_plain; with --pixels 32 too,
                                                   emoji32_plain

The drawings are those of version 16.0.0 of the npm packages emoji-datasource-google (Apache 2.0) and
emoji-datasource-twitter (CC-BY 4.0).  A class is a subcategory, such as "food-fruit", with at least 12 drawings by both
vendors together.  Flags are left out.  Each drawing is put on white, and squares of its 64 x 64 pixels are averaged.  A
third of each class is for testing.  The vendor and the code point of each drawing stand in emoji.known.npz beside
emoji.npz: drawings with the same code point are twins.
"""

import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from experiments.data.fetch import Package, fetched, write
from experiments.data.main import Options, main
from experiments.data.split import counts_of, sides, test_rows
from memjax.errors import InputError

PACKAGES = {
    vendor: Package("npm", f"emoji-datasource-{vendor}", "16.0.0", f"emoji-datasource-{vendor}-16.0.0.tgz", sha256)
    for vendor, sha256 in (
        ("google", "fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438"),
        ("twitter", "f64a530c63bca463bd8317fdc4615ce63a53a0c65018e4ce2d848aaba7a28877"),
    )
}
LEAST = 12  # drawings of a class
TESTING = 1 / 3  # of each class
SIDE = 64  # pixels, in the packages


class Drawing(NamedTuple):
    """One vendor's drawing of an emoji; `image` is (pixels, pixels, 3), 0 to 255."""

    image: np.ndarray
    kind: str
    vendor: str
    codepoint: str


@dataclass(frozen=True)
class Settings(Options):
    """Fetches, checks and writes the emoji."""

    pixels: Literal[16, 32] = 16
    """The side of an image."""
    skin: bool = True
    """Whether the variants of an emoji with other colours of skin are in; the protocol of the experiments has them."""


def read_drawings(archive: Path, vendor: str, pixels: int, skin: bool) -> Iterator[Drawing]:
    """The drawings in an archive of npm, in the order of its emoji.json.

    Raises:
      InputError: the archive lacks the list or a drawing that is in the list.
    """
    listing, folder = "package/emoji.json", f"package/img/{vendor}/{SIDE}/"
    with tarfile.open(archive) as tar:  # once from front to back: going back unpacks everything before again
        files = {
            member.name: tar.extractfile(member).read()
            for member in tar
            if member.isfile() and (member.name == listing or member.name.startswith(folder))
        }

    def content(name: str) -> bytes:
        if name not in files:
            raise InputError(f"{archive} has no {name}; it is not the package emoji-datasource-{vendor}")
        return files[name]

    for entry in json.loads(content(listing)):
        variants = entry.get("skin_variations", {}).values() if skin else ()
        for one in (entry, *variants):
            if entry["category"] != "Flags" and one[f"has_img_{vendor}"]:
                image = _picture(content(folder + one["image"]), pixels)
                yield Drawing(image, entry["subcategory"], vendor, one["unified"])


def _picture(png: bytes, pixels: int) -> np.ndarray:
    """A drawing on white, made smaller."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        drawn = image.convert("RGBA")
        white = Image.new("RGBA", drawn.size, "white")
        return np.asarray(Image.alpha_composite(white, drawn).convert("RGB").reduce(SIDE // pixels))


def composed(drawings: list[Drawing], least: int = LEAST) -> tuple[dict, dict]:
    """The arrays of the data set, and vendor and code point of each example, both for training and for testing.

    Classes are in alphabetical order; those with fewer than `least` drawings are left out.
    """
    kinds, counts = np.unique([drawing.kind for drawing in drawings], return_counts=True)
    names = kinds[counts >= least]
    kept = [drawing for drawing in drawings if drawing.kind in names]
    if not kept:
        raise InputError(f"no subcategory has {least} drawings; expected both packages of emoji-datasource, whole")
    labels = np.searchsorted(names, [drawing.kind for drawing in kept])
    test = test_rows(labels, counts_of(labels, TESTING), 0)
    arrays = sides({"x": np.stack([drawing.image for drawing in kept]), "y": labels}, test)
    known = {name: np.array([getattr(drawing, name) for drawing in kept]) for name in ("vendor", "codepoint")}
    return {**arrays, "class_names": names}, sides(known, test)


def make(settings: Settings) -> Path:
    """Fetches both packages and writes the data set; returns its path."""
    drawings = [
        drawing
        for vendor, package in PACKAGES.items()
        for drawing in read_drawings(fetched(package, settings.archives), vendor, settings.pixels, settings.skin)
    ]
    name = "emoji" if settings.pixels == 16 else "emoji32"
    return write(name if settings.skin else f"{name}_plain", *composed(drawings))


if __name__ == "__main__":
    main(Settings, make)
