"""CTR models as compositions of one ``CTRModel``."""

from autofis_kedro.models.ctr import CTRModel
from autofis_kedro.models.spec import MLPSpec, ModelSpec

__all__ = ["CTRModel", "MLPSpec", "ModelSpec"]
