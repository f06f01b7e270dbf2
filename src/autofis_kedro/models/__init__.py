"""CTR models as compositions of one ``CTRModel``."""

from autofis_kedro.models.ctr import CTRModel
from autofis_kedro.models.prediction import Predictor, predictor
from autofis_kedro.models.spec import AttentionSpec, MLPSpec, ModelSpec, PairNetworkSpec

__all__ = ["AttentionSpec", "CTRModel", "MLPSpec", "ModelSpec", "PairNetworkSpec", "Predictor", "predictor"]
