"""The demo: a support assistant, traced, evaluated and compared; a stand-in answers where no model is at hand."""

from assay.demo.tour import run

__all__ = ["run"]
