"""Does a training fit into memory? Asked before anything is allocated: the system kills what does not fit, wordlessly.

Letters: B rows of a batch, F fields, K embedding size, P pairs, T triples.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from math import comb
from pathlib import Path

import torch

from autofis_kedro.data.schema import Schema
from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel, ModelSpec
from autofis_kedro.training.config import TrainingConfig

logger = logging.getLogger(__name__)

FLOAT = 4
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def check_memory(
    name: str,
    spec: ModelSpec,
    schema: Schema,
    training: TrainingConfig,
    pairs: Sequence[object] | None = None,
    triples: Sequence[object] | None = None,
) -> None:
    """Compare the least that a training needs with all that the device has.

    Args:
        name: of the model, for the message.
        pairs: its pairs; all if not given.
        triples: its triples; all if not given.

    Raises:
        UserError: it cannot fit: how much is needed, for what, and what to reduce.
    """
    limit = memory_of(training.device)
    n_pairs = comb(schema.n_fields, 2) if pairs is None else len(pairs)
    n_triples = comb(schema.n_fields, 3) if triples is None else len(triples)
    weights = weight_bytes(spec, schema)
    step = step_bytes(spec, schema.n_fields, n_pairs, n_triples if spec.order == 3 else 0, training.batch_size)
    if limit is None or weights + step <= limit:
        return
    among = f"{n_pairs:,} pairs" + (f" and {n_triples:,} triples" if spec.order == 3 else "")
    raise UserError(
        f"{name} needs at least {_gb(weights + step)} of memory and there are {_gb(limit)}: {_gb(weights)} for the "
        f"weights of {schema.n_ids:,} ids and what Adam remembers of them (less with a smaller embedding_dim, now "
        f"{spec.embedding_dim}, or a larger min_count), {_gb(step)} for a batch of {training.batch_size:,} rows over "
        f"{among} (less with a smaller batch_size, fewer fields or a lower order)"
    )


def within_rows(training: TrainingConfig, n_rows: int, name: str) -> TrainingConfig:
    """The same with batches of no more rows than there are, which changes nothing but what memory is asked for."""
    if training.batch_size <= n_rows:
        return training
    logger.warning("%s: batch_size %d is more than the %d train rows: all in one", name, training.batch_size, n_rows)
    return training.model_copy(update={"batch_size": max(2, n_rows)})


def bytes_to_come(model: CTRModel, config: TrainingConfig) -> int:
    """What a training takes when its model is on the device: gradient and moments of the tables, and the steps."""
    n_pairs, n_triples = (len(kept) for kept in model.kept)
    step = step_bytes(model.spec, model.schema.n_fields, n_pairs, n_triples, config.batch_size)
    return weight_bytes(model.spec, model.schema) + step


def weight_bytes(spec: ModelSpec, schema: Schema) -> int:
    """Weights and both moments of the tables, which all else is small beside."""
    width = int(spec.linear and spec.linear_form == "weights")
    if spec.has_embeddings:
        width += spec.embedding_dim * (schema.n_fields if spec.field_aware else 1)
    if spec.order == 3 and spec.triple_table == "separate":
        width += spec.embedding_dim
    return 3 * FLOAT * width * schema.n_ids


def step_bytes(spec: ModelSpec, n_fields: int, n_pairs: int, n_triples: int, batch_size: int) -> int:
    """What one training step holds at the same time, at least."""
    size = spec.embedding_dim
    # vectors and their gradient; of FFM the gradient alone: it reads the vectors in the table
    per_row = n_fields * size * (n_fields if spec.field_aware else 2)
    if spec.order > 1 and spec.weighting == "attention":
        per_row += 2 * n_pairs  # the attention and its gradient: products are there a few rows at a time
    elif spec.pair_network is not None:
        per_row += n_pairs * (3 * size + 2 * spec.pair_network.hidden)
    elif spec.feeds == "mlp":
        # the product; normalised, and weighted, as many again
        per_row += (1 + spec.normalize + (spec.weighting == "learned")) * (n_pairs + n_triples)
    elif spec.normalize or spec.weighting == "learned":
        per_row += 2 * (n_pairs + n_triples)  # the product and its gradient
    elif n_triples < comb(n_fields, 3):
        per_row += n_triples  # plain pairs need no product of their own, nor do all triples
    if spec.mlp is not None:
        per_row += 2 * sum(spec.mlp.hidden)
    return FLOAT * batch_size * per_row


def memory_of(device: str) -> int | None:
    """Bytes of the device's memory, of the container where it has less; None where the system does not say."""
    if device != "cpu" and torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[1])
    if not hasattr(os, "sysconf"):
        return None
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    said = CGROUP_LIMIT.read_text().strip() if CGROUP_LIMIT.exists() else ""
    return min(physical, int(said)) if said.isdigit() else physical


def _gb(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:,.1f} GB"
