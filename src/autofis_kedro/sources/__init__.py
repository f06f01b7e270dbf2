"""Kedro datasets: where rows, examples, tables, figures and weights live."""
