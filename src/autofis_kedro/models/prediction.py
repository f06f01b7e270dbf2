"""Logits of many batches while the weights rest: what is the same for all of them is made once.

Shapes: B rows.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from autofis_kedro.data.batches import Batch
from autofis_kedro.models.ctr import CTRModel

Predictor = Callable[[Batch], Tensor]
"""From a batch to its logits [B]."""


def predictor(model: CTRModel) -> Predictor:
    """The logits of a model, which is put in evaluation mode; no gradient flows.

    A linear part and pairs (FM, AutoFM) are one compiled pass over the batch; the model's own formula is the reference,
    and serves all other models. Valid as long as nothing changes the model: some of its numbers are taken now, tables
    are read where they lie. Batches must be where the model is.
    """
    model.eval()
    logits = model.logits_of_ids()
    if logits is not None:
        return lambda batch: logits(batch.one_hot_BO)

    @torch.no_grad()
    def formula(batch: Batch) -> Tensor:
        logit_B: Tensor = model(batch)
        return logit_B

    return formula
