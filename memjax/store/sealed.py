"""JSON files that contain their own checksum, so that any later change is noticed."""

import hashlib
import json
from typing import Any

_SEAL = "sha256_of_the_above"
_DEEPEST = 20  # a plan has four levels
_MOST = 2**26  # bytes; a hundred thousand class names take 20 MB


class BrokenSeal(ValueError):
    """A JSON file that differs from what was written."""


def seal(table: dict[str, Any]) -> bytes:
    """The table as JSON, with its checksum at the end."""
    return json.dumps(table | {_SEAL: fingerprint(table)}, indent=1).encode()


def unseal(content: bytes) -> dict[str, Any]:
    """The table that `seal` was given.

    Raises:
      BrokenSeal: the bytes are not exactly those that `seal` returned.
    """
    if len(content) > _MOST:
        raise BrokenSeal(f"it has {len(content)} bytes; at most {_MOST} are read")
    try:
        table = json.loads(content)
    except (ValueError, RecursionError):
        raise BrokenSeal("it is not JSON") from None
    if _is_deeper(table, _DEEPEST):
        raise BrokenSeal(f"its tables are nested more than {_DEEPEST} deep")
    if not isinstance(table, dict) or _SEAL not in table:
        raise BrokenSeal(f"it has no {_SEAL}")
    del table[_SEAL]
    if seal(table) != content:
        raise BrokenSeal("its checksum does not match its content")
    return table


def _is_deeper(value: Any, most: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return most < 0 or any(_is_deeper(item, most - 1) for item in inner if isinstance(item, dict | list))


def fingerprint(table: dict[str, Any]) -> str:
    """A checksum of a table's content.  The order of the keys does not matter."""
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()
