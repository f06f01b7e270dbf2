"""AutoFIS (KDD 2020): which feature interactions matter in a click-through-rate model."""

__version__ = "0.1.0"
