"""Croissant: the metadata of a data set of tables as JSON-LD, which search engines and loaders read."""

from typing import Any, NamedTuple

import numpy as np

CONFORMS = "http://mlcommons.org/croissant/1.0"
_OWN = """citeAs column equivalentProperty extract field fileObject fileProperty fileSet format includes isLiveDataset
jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate separator source subField
transform"""
CONTEXT = {
    "@language": "en", "@vocab": "https://schema.org/", "sc": "https://schema.org/", "dct": "http://purl.org/dc/terms/",
    "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
    "conformsTo": "dct:conformsTo", "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    **{name: {"@id": f"cr:{name}", "@type": "@json"} for name in ("data", "examples")},
    **{name: f"cr:{name}" for name in _OWN.split()},
}  # fmt: skip
TYPES = {"b": "sc:Boolean", "i": "sc:Integer", "u": "sc:Integer", "f": "sc:Float"}  # of NumPy kinds; else text
FORMATS = {"parquet": "application/x-parquet", "npz": "application/zip", "csv": "text/csv", "md": "text/markdown"}


class Card(NamedTuple):
    """What is said of a data set: its name, what it is, its licence, who made it, how to cite it, and the day."""

    name: str
    description: str
    licence: str
    creator: str
    citation: str
    date: str


def croissant(
    card: Card, checksums: dict[str, str], tables: dict[str, dict[str, np.ndarray]], about: dict[tuple[str, str], str]
) -> dict[str, Any]:
    """The metadata of a folder of files, of which `tables` are in Parquet.

    Args:
      checksums: SHA-256 of each file by its name.
      tables: the columns of NAME.parquet by the name; a column of two axes has lists.
      about: what each column of a table says.

    Reference:
      https://docs.mlcommons.org/croissant/docs/croissant-spec.html
    """
    return {
        "@context": CONTEXT, "@type": "sc:Dataset", "conformsTo": CONFORMS, "name": card.name,
        "description": card.description, "license": card.licence, "citeAs": card.citation, "version": "1.0.0",
        "datePublished": card.date, "creator": {"@type": "sc:Organization", "name": card.creator or "unknown"},
        "distribution": [
            {"@type": "cr:FileObject", "@id": name, "name": name, "contentUrl": name, "sha256": sha256,
             "encodingFormat": FORMATS[name.rpartition(".")[2]]} for name, sha256 in checksums.items()
        ],
        "recordSet": [
            {"@type": "cr:RecordSet", "@id": table, "name": table,
             "field": [_field(table, name, values, about[table, name]) for name, values in columns.items()]}
            for table, columns in tables.items()
        ],
    }  # fmt: skip


def _field(table: str, name: str, values: np.ndarray, about: str) -> dict[str, Any]:
    lists = {"repeated": True} if values.ndim > 1 else {}
    source = {"fileObject": {"@id": f"{table}.parquet"}, "extract": {"column": name}}
    return {"@type": "cr:Field", "@id": f"{table}/{name}", "name": name, "description": about,
            "dataType": TYPES.get(values.dtype.kind, "sc:Text"), "source": source, **lists}  # fmt: skip
