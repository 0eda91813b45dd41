"""TLS contexts made once: to read the certificates of all authorities takes longer than most of what is tested."""

from __future__ import annotations

import ssl
from functools import cache


def keep_made_tls_contexts() -> None:
    """From now on, every client in this process that asks for the same certificates gets the same context."""
    ssl.create_default_context = cache(ssl.create_default_context)
