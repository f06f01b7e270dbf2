"""A problem of seconds: random rows with a multi-hot field, a deep searched model, and how to train it."""

from autofis_kedro.models import MLPSpec, ModelSpec
from autofis_kedro.training import TrainingConfig
from tests.problems import random_examples, schema_of

SCHEMA = schema_of([9, 8, 7, 6], multi_hot=(2,))
TRAIN, VALID = random_examples(SCHEMA, 900, 0), random_examples(SCHEMA, 300, 1)
DEEP = ModelSpec(embedding_dim=4, normalize=True, weighting="learned", mlp=MLPSpec(hidden=(8,), dropout=0.3))
CONFIG = TrainingConfig(epochs=4, batch_size=64, patience=9, l2_embedding=1e-4, learning_rate_decay=0.9)
