"""What an interaction is worth without a model of it: its test, its gain, its meaning."""
