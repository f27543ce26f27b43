"""A folder of images: one folder for each class, or a table that names the files."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from memjax.config.specs import TableSpec
from memjax.data.in_memory import InMemory, from_arrays
from memjax.data.tables.files import read_table
from memjax.data.tables.take import TEST_WORDS, TRAIN_WORDS, drawn, named
from memjax.errors import InputError, one_of
from memjax.untrusted import user_path

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
TABLE, FILE_NAME = "metadata.csv", "file_name"
SIDE = 32  # pixels of images of several sizes, if nobody says how many
BROKEN_MOST = 0.01  # share of files that may be broken
NAMED_MOST = 3
AMBIGUOUS = {"0", "1", "false", "true"}  # folders of these names may well be classes


def load_image_folder(place: str, table: TableSpec, size: int | None, seed: int) -> InMemory:
    """The images of FOLDER/CLASS, or of FOLDER/train/CLASS and FOLDER/test/CLASS, or those that metadata.csv names.

    Images are turned as their EXIF data say and put on white where they are transparent.  They are grey if all files
    are.  If all have one size, they stay as they are; else each is scaled and cropped in the middle to a square of
    `size` pixels, or of 32.  The table says how test images are drawn, and names the columns of metadata.csv.
    """
    folder = user_path(place)
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; folder: expects one folder of images for each class")
    listed = (folder / TABLE).exists()
    if table.id or table.drop or ((table.target or table.split) and not listed):
        raise InputError(
            f"--id and --drop are for tables, --target and --split for {TABLE}{'' if listed else ', which is missing'};"
            " leave them out: images are named by their files"
        )
    names, labels, test = _listed(folder, table) if listed else _by_folder(folder)
    images, kept, notices = _read(folder, names, size)
    labels, names = np.array(labels)[kept], np.array(names)[kept]
    if test is None:
        test, words = drawn(labels, table.test_fraction, seed, names, "images")
    else:
        test = test[kept]
        words = f"{(~test).sum():,} images for training and {test.sum():,} for testing"
    some = bool(test.any())
    found = from_arrays(
        images[~test], labels[~test], images[test] if some else None, labels[test] if some else None,
        ids=names[~test], test_ids=names[test] if some else None, name=folder.name,
    )  # fmt: skip
    return found._replace(notices=(*notices, words))


def _by_folder(folder: Path) -> tuple[list[str], list[str], np.ndarray | None]:
    """Files, labels and which are for testing, if folders say it, from the names of folders."""
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    if not files:
        raise InputError(f"{folder} has no image; expected FOLDER/CLASS/IMAGE with endings {', '.join(ENDINGS)}")
    if flat := [path for path in files if len(path.parts) < 2]:
        raise InputError(
            f"{folder} has {flat[0]} in no folder of a class; give one folder for each class, or {TABLE} with a column "
            f"{FILE_NAME}"
        )
    sides = {path.parts[0].lower() for path in files}
    test, level = None, 0  # of the folders of classes
    split = sides <= TRAIN_WORDS | TEST_WORDS and sides & TRAIN_WORDS and not sides & AMBIGUOUS
    if split and all(len(path.parts) > 2 for path in files):
        test, level = np.array([path.parts[0].lower() in TEST_WORDS for path in files]), 1
    return [path.as_posix() for path in files], [path.parts[level] for path in files], test


def _listed(folder: Path, table: TableSpec) -> tuple[list[str], Any, np.ndarray | None]:
    """The same from metadata.csv."""
    frame = read_table(f"csv:{folder / TABLE}", FILE_NAME)
    names = [str(name) for name in frame.columns]
    for option, column in (("column", FILE_NAME), ("--target", table.target), ("--split", table.split)):
        if column not in names and not (option == "--split" and not column):
            raise one_of(option, column, names)
    if missing := int(frame[table.target].isna().sum()):
        raise InputError(f"column {table.target!r} of {folder / TABLE} lacks {missing} labels; leave these rows out")
    inside = folder.resolve()
    for name in frame[FILE_NAME]:
        if not (folder / str(name)).resolve().is_relative_to(inside):
            raise InputError(f"{folder / TABLE} names {name!r}, which is not in the folder")
    return frame[FILE_NAME].tolist(), frame[table.target].tolist(), named(frame[table.split]) if table.split else None


def _read(folder: Path, names: Sequence[str], size: int | None) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The images that can be read, which these are, and what was done to them."""
    from PIL import Image, ImageOps

    def opened(name: str) -> Any:
        try:
            with Image.open(folder / name) as image:
                turned = ImageOps.exif_transpose(image)
                if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
                    clear = turned.convert("RGBA")
                    turned = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
                return turned.convert("L" if image.mode in ("1", "L", "LA", "I;16") else "RGB")
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None

    with ThreadPoolExecutor() as pool:
        images = list(pool.map(opened, names))
    kept = np.array([image is not None for image in images])
    notices = []
    if broken := [name for name, image in zip(names, images, strict=True) if image is None]:
        few = ", ".join(broken[:NAMED_MOST]) + (" and others" if len(broken) > NAMED_MOST else "")
        if len(broken) > BROKEN_MOST * len(names):
            raise InputError(f"{len(broken)} of {len(names)} images of {folder} cannot be read: {few}; remove them")
        notices.append(f"{len(broken)} of {len(names)} images cannot be read and are left out: {few}")
    whole = [image for image in images if image is not None]
    mode = "L" if all(image.mode == "L" for image in whole) else "RGB"
    sizes = {image.size for image in whole}
    if size is None and len(sizes) == 1:
        return np.stack([np.asarray(image.convert(mode)) for image in whole]), kept, notices
    side = size or SIDE
    notices.append(f"images of {len(sizes)} sizes were scaled and cropped to {side} x {side} pixels; see --image-size")
    square = [ImageOps.fit(image.convert(mode), (side, side), Image.Resampling.BICUBIC) for image in whole]
    return np.stack([np.asarray(image) for image in square]), kept, notices
