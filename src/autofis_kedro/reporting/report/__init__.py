"""The report: one self-contained HTML page per data set."""

from autofis_kedro.reporting.report.contents import Contents, SearchedModel
from autofis_kedro.reporting.report.page import render_page

__all__ = ["Contents", "SearchedModel", "render_page"]
