"""Arrays of numbers in the server's own binary form: the driver's way there takes ten times as long.

The form is that of `array_send` (a header of five numbers, then the length and the bytes of each element), as
PostgreSQL has it since 7.4.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import ClassVar

from psycopg import Connection
from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.pq import Format


class Packed(bytes):
    """An array as it is sent. The numbers of types are the same in every server: `pg_type.dat`."""

    element: ClassVar[int]
    array: ClassVar[int]
    code: ClassVar[str]
    """A number as `struct` names it."""


class Int4s(Packed):
    """Integers of 32 bits."""

    element, array, code = 23, 1007, "i"


class Int8s(Packed):
    """Integers of 64 bits."""

    element, array, code = 20, 1016, "q"


class Float8s(Packed):
    """Floats of 64 bits."""

    element, array, code = 701, 1022, "d"


_FIRST, _LAST = -(2**31), 2**31 - 1


def pack(values: Sequence[float], *, whole: bool) -> Packed:
    """Return numbers as the server takes them fastest.

    Args:
        values: at least one.
        whole: whether all of them are integers.

    Raises:
        struct.error: an integer of more than 64 bits.
    """
    kind: type[Packed] = Float8s
    if whole:
        kind = Int4s if min(values) >= _FIRST and max(values) <= _LAST else Int8s
    lengths_and_values: list[float] = [struct.calcsize(f"!{kind.code}")] * (2 * len(values))
    lengths_and_values[1::2] = values
    # How many dimensions, whether one is NULL, of what, how many, and the number of the first.
    header = struct.pack("!5i", 1, 0, kind.element, len(values), 1)
    return kind(header + struct.pack("!" + f"i{kind.code}" * len(values), *lengths_and_values))


class _PackedDumper(Dumper):
    """Hands over what is packed already, with the number of its type."""

    format = Format.BINARY

    def __init__(self, cls: type[Packed], context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self.oid = cls.array

    def dump(self, obj: Packed) -> bytes:
        return obj


def take_packed(connection: Connection) -> None:
    """Have a session take packed arrays as parameters."""
    for kind in (Int4s, Int8s, Float8s):
        connection.adapters.register_dumper(kind, _PackedDumper)
