"""A report of one run as a single HTML page that fetches nothing, opens from disk and is readable without its script.

Texts of a data set (its name, class names, labels) are shown as text and never as markup.  Images are encoded anew from
pixel arrays.  The page's security policy runs only the page's own script, whose source is in `app/`.
"""

import re
from pathlib import Path

from memjax.errors import InputError
from memjax.report.page.own import Own
from memjax.report.page.render import Report, draw_report
from memjax.store.files import write_atomically

__all__ = ["Own", "draw_report", "write_report"]

IMAGES_MOST = 15 * 2**20  # bytes of images up to which the page holds them


def write_report(path: Path, report: Report) -> None:
    """Writes a report that `draw_report` has made.

    More than 15 MB of images are written to a folder beside the page, named after it: keep both together.  An older
    report stays complete until the new one is.

    Raises:
      InputError: that folder is a link to elsewhere.
    """
    folder = path.with_name(f"{path.stem}-images")
    kept = _write_images(folder, report) if report.image_bytes > IMAGES_MOST else set()
    page = report.page(folder.name if kept else None)
    write_atomically(path, lambda stream: stream.write(page.encode()))
    if folder.is_dir() and not folder.is_symlink():
        for image in list(folder.iterdir()):  # sheets of older reports, and no other file
            if image.name not in kept and re.fullmatch(r"[0-9a-f]{20}\.png", image.name):
                image.unlink()
        if not any(folder.iterdir()):
            folder.rmdir()


def _write_images(folder: Path, report: Report) -> set[str]:
    """Writes the sheets, each named by its checksum, so that a page never shows sheets of another page."""
    if folder.is_symlink():
        raise InputError(f"{folder} leads elsewhere; remove this link, images of the report are to be put there")
    folder.mkdir(exist_ok=True)
    for name, content in report.files.items():
        if not (folder / name).exists():
            write_atomically(folder / name, lambda stream, content=content: stream.write(content))
    return set(report.files)
