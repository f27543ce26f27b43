"""Small tables on disk, as JSON that carries its own checksum: any change after writing is noticed."""

import hashlib
import json
from typing import Any

_SEAL = "sha256_of_the_above"
_MOST = 2**26  # bytes; a table with a hundred thousand class names has 20 MB


class BrokenSeal(ValueError):
    """Bytes that are not a table as it was written."""


def seal(table: dict[str, Any]) -> bytes:
    """The table as JSON, its checksum last."""
    return _text(table | {_SEAL: fingerprint(table)})


def unseal(content: bytes) -> dict[str, Any]:
    """The table that was sealed.

    Raises:
      BrokenSeal: not one byte more, less or other than what `seal` gave is accepted.
    """
    if len(content) > _MOST:
        raise BrokenSeal(f"it has {len(content)} bytes; at most {_MOST} are read")
    try:
        table = json.loads(content)
    except (ValueError, RecursionError):
        raise BrokenSeal("it is not JSON") from None
    if not isinstance(table, dict) or _SEAL not in table:
        raise BrokenSeal(f"it has no {_SEAL}")
    del table[_SEAL]
    if seal(table) != content:
        raise BrokenSeal("its checksum is not that of its content")
    return table


def fingerprint(table: dict[str, Any]) -> str:
    """A checksum of a table's content, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()


def _text(table: dict[str, Any]) -> bytes:
    return json.dumps(table, indent=1).encode()
