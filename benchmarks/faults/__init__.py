"""Faults as a campaign: processes killed, inputs, artifacts and parameters damaged, places that fail.

    make bench-faults [MINUTES=10]
    python -m benchmarks.faults --case kill:12

Every case is drawn from its kind and its number alone, so that the number repeats it. docs/reliability.md says what is
promised of it.
"""
