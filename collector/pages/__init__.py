"""The web pages: what a person looks at, made on the server from the same data as the API."""

from __future__ import annotations

from assay.collector.pages.app import mount
from assay.collector.pages.web import error_page, wants_page

__all__ = ["error_page", "mount", "wants_page"]
