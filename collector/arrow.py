"""Arrow, loaded when something of it is first used: `from assay.collector import arrow as pa`.

With numpy it is a quarter of a collector's memory and a tenth of its start, and nothing that a collector does before
its first batch needs it. After the first use a name is an ordinary global here, so a batch pays nothing for that.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("__"):  # what Python asks of any module, as for its path
        raise AttributeError(name)
    import pyarrow

    value = globals()[name] = getattr(pyarrow, name)
    return value
