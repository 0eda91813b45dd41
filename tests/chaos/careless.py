"""`assay …`, in a process that reads its own database file now and then, as a backup within it would.

That alone drops DuckDB's lock on the file; what then keeps others out is ours.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from mutants import MUTANTS


def read_now_and_then(file: Path) -> None:
    while True:
        time.sleep(0.02)
        if file.exists():
            file.open("rb").close()


if __name__ == "__main__":
    if mutant := os.environ.get("CHAOS_MUTANT"):
        MUTANTS[mutant]()
    from assay.cli import main

    data_dir = Path(sys.argv[sys.argv.index("--data-dir") + 1])
    threading.Thread(target=read_now_and_then, args=(data_dir / "assay.duckdb",), daemon=True).start()
    main()
