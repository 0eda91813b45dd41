"""One target, led by coverage (atheris), until the first finding: `python -m fuzz.led_by_coverage TARGET SECONDS`."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["assay"]):
    from fuzz.targets import TARGETS

KEPT = Path(".fuzz")
MOST_SEEDS = 100


def main(name: str, seconds: str) -> None:
    target = TARGETS[name]
    corpus = KEPT / f"corpus-{name}"
    corpus.mkdir(parents=True, exist_ok=True)
    for index, given in enumerate(target.seeds()[:MOST_SEEDS]):
        (corpus / f"seed-{index}").write_bytes(given)
    options = ["-max_len=60000", "-timeout=30", "-rss_limit_mb=4096", "-print_final_stats=1", "-verbosity=0"]
    kept = [f"-artifact_prefix={KEPT}/{name}-", f"-max_total_time={seconds}", str(corpus)]
    atheris.Setup([sys.argv[0], *options, *kept], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
