"""Kedro pipelines: nodes translate, the library works."""
