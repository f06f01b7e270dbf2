"""Selections that need no search."""

from autofis_kedro.data.schema import Schema
from autofis_kedro.selection import Selection, keep_all, random_selection
from autofis_kedro.training import SeedsConfig


def select_all(schema: Schema) -> Selection:
    """Every pair."""
    return keep_all(schema)


def select_all_with_triples(schema: Schema) -> Selection:
    """Every pair and every triple."""
    return keep_all(schema, order=3)


def select_randomly(schema: Schema, searched: Selection, seeds: SeedsConfig) -> Selection:
    """As many pairs as the search kept, drawn at random."""
    return random_selection(schema, len(searched.interactions), seeds.seed)
