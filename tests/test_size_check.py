"""More interactions asked for than there are: said before any training."""

from types import SimpleNamespace

import pytest
from kedro.io import MemoryDataset

from autofis_kedro.errors import UserError
from autofis_kedro.pipeline_registry import register_pipelines
from autofis_kedro.size_check import CheckExtractionSize
from autofis_kedro.sources.artifacts import JSONDataset
from tests.problems import schema_of

PIPELINES = register_pipelines()
SIX = SimpleNamespace(description=SimpleNamespace(fields=range(6)))


def begin(pipeline, size):
    hook = CheckExtractionSize()
    given = {
        "params:extraction": MemoryDataset({"size": size}),
        "raw_rows": MemoryDataset(SIX, copy_mode="assign"),
    }
    hook.before_pipeline_run(PIPELINES[pipeline], given)
    return hook


def test_what_the_described_fields_cannot_have_is_refused_at_once():
    begin("autofis", 15)
    with pytest.raises(UserError, match=r"extraction\.size is 16: 6 fields are described, which are 15 pairs"):
        begin("autofis", 16)


def test_what_the_kept_fields_cannot_have_is_refused_before_training():
    hook = begin("autofis", 15)
    node = SimpleNamespace()
    hook.after_node_run(node, {"schema": schema_of([5] * 6)})
    with pytest.raises(UserError, match="5 fields are kept, which are 10 pairs"):
        hook.after_node_run(node, {"schema": schema_of([5] * 5)})


def test_fields_that_were_encoded_earlier_count(tmp_path):
    known = JSONDataset(filepath=str(tmp_path / "schema.json"), holds="schema")
    known.save(schema_of([5] * 4))
    later = PIPELINES["autofis"].filter(from_nodes=["autofm.extract"])
    hook = CheckExtractionSize()
    with pytest.raises(UserError, match="7: 4 fields are encoded, which are 6 pairs"):
        hook.before_pipeline_run(later, {"params:extraction": MemoryDataset({"size": 7}), "schema": known})


@pytest.mark.parametrize(("pipeline", "size"), [("autofis", None), ("baselines", 1000)])
def test_where_no_size_is_used_none_is_looked_at(pipeline, size):
    begin(pipeline, size)
