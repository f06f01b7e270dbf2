"""Logits of many batches while the weights rest: what is the same for all of them is made once.

Shapes: B rows, F fields, K embedding size, N ids.
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
    """The logits of a model in evaluation mode, with the weights that it has now; no gradient flows.

    A linear part and pairs (FM, AutoFM) are one compiled pass over the batch, for which table rows are read where they
    lie; the model's own formula is the reference, and serves all other models. Batches must be where the model is.
    """
    model.eval()
    logits = model.logits_of_ids()
    if logits is None:
        return torch.no_grad()(model)
    return lambda batch: logits(batch.one_hot_BO)
