"""Every environment agrees with every registered pipeline."""

from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
from kedro.framework.session import KedroSession

from autofis_kedro.pipeline_registry import register_pipelines
from autofis_kedro.roster import BASELINES, CHOICE, FOREST, MAIN, SELECTION_FROM, TRAINED, interactions_of
from autofis_kedro.settings import CONFIG_LOADER_ARGS, CONFIG_LOADER_CLASS
from autofis_kedro.sources.tables import SpreadsheetDataset
from tests.kedro_project import CONF, ENVIRONMENTS, configured

PIPELINES = register_pipelines()
LAYERS = ("raw", "intermediate", "primary", "feature", "model_input", "models", "model_output", "reporting")


def context_of(env, tmp_path_factory, **params):
    configured()
    folder = tmp_path_factory.mktemp(env)
    with KedroSession.create(project_path=folder, env=env, conf_source=str(CONF), runtime_params=params) as session:
        return session.load_context()


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def context(request, tmp_path_factory):
    # Kedro builds both anew at every access.
    found = context_of(request.param, tmp_path_factory)
    return SimpleNamespace(catalog=found.catalog, params=found.params)


@pytest.fixture(params=sorted(PIPELINES))
def pipeline(request):
    return PIPELINES[request.param]


def test_the_promised_environments_and_pipelines_exist():
    assert {"synthetic", "criteo", "avazu", "movielens", "frappe", "own"} <= set(ENVIRONMENTS)
    promised = {"ingestion", "bucketing", "baselines", "search", "gate_extraction", "retrain", "autofis", "__default__"}
    assert promised <= set(PIPELINES)


def test_every_pipeline_runs_from_the_raw_rows():
    for name in set(PIPELINES) - {"predict", "transferred"}:
        free = {found for found in PIPELINES[name].inputs() if not found.startswith("params:")}
        assert free - {"trained_models", "parameters", "earlier_results"} == {"raw_rows"}, name


def test_a_transfer_searches_nothing_and_needs_what_a_search_makes():
    made = {"trained_models"} | PIPELINES["search"].all_outputs()
    assert {name for name in PIPELINES["transferred"].inputs() if not name.startswith("params:")} <= made


def test_predict_trains_nothing_and_needs_what_the_main_job_makes():
    made = {"trained_models", "unlabelled_rows", "raw_rows"} | PIPELINES["__default__"].all_outputs()
    assert {name for name in PIPELINES["predict"].inputs() if not name.startswith("params:")} <= made


def test_the_catalog_knows_every_artifact(context, pipeline):
    assert [name for name in pipeline.all_outputs() if name not in context.catalog] == []


def test_every_parameter_is_configured(context, pipeline):
    wanted = {name.removeprefix("params:") for name in pipeline.inputs() if name.startswith("params:")}
    assert wanted <= set(context.params)


def test_every_artifact_is_versioned_in_its_layer(context):
    names = set().union(*(pipeline.all_outputs() for pipeline in PIPELINES.values()))
    folders = set()
    for name in names:
        dataset = context.catalog[name]
        # a file for spreadsheets is the newest of a versioned table
        assert dataset._version is not None or isinstance(dataset, SpreadsheetDataset), name
        layer = dataset.metadata["kedro-viz"]["layer"]
        place = dataset._filepath.as_posix()
        assert f"/data/0{LAYERS.index(layer) + 1}_{layer}/{context.params['bucketing'].dataset}/" in place, name
        folders.add(place)
    assert len(folders) == len(names), "two artifacts share a place"


def test_what_is_served_or_transferred_lies_where_trained_models_are_looked_for(context):
    models = Path(context.catalog["trained_models"]._models)
    for name in {*CHOICE, *SELECTION_FROM}:
        artifact = interactions_of(name)
        place = models.joinpath(*f"{artifact}.json".split(".", artifact.count(".")))
        assert Path(context.catalog[artifact]._filepath).as_posix().endswith(place.as_posix()), name


@pytest.mark.parametrize(("pipeline", "names"), [("__default__", MAIN), ("baselines", BASELINES)])
def test_every_model_has_its_namespace_and_metrics(pipeline, names):
    outputs = PIPELINES[pipeline].all_outputs()
    namespaces = {node.namespace for node in PIPELINES[pipeline].nodes if node.namespace}
    assert namespaces - {FOREST} == set(names)
    assert {f"{name}.weights" for name in names if name in TRAINED} <= outputs
    assert {f"{name}.metrics" for name in names} <= outputs


SHORTHANDS = {
    "epochs": (3, lambda p: p["training"].epochs),
    "batch_size": (77, lambda p: p["training"].batch_size),
    "device": ("cpu", lambda p: p["training"].device),
    "n_seeds": (4, lambda p: p["seeds"].n_seeds),
    "seed": (5, lambda p: p["seeds"].seed),
    "embedding_dim": (6, lambda p: p["autodeepfm_plain"].spec.embedding_dim),
    "transfer_to": ("fwfm", lambda p: "fwfm" if p["transferred"] == p["fwfm"] else None),
    "selection_from": ("autofm_3rd", lambda p: p["transfer"].selection_from),
    "training.patience": (9, lambda p: p["training"].patience),
}
"""What --params takes: a value that no environment has, and where it arrives."""


@pytest.fixture(scope="module", params=["synthetic", "frappe"])
def read_from_all(request, tmp_path_factory):
    given = {name: value for name, (value, _) in SHORTHANDS.items()}
    patience = given.pop("training.patience")
    plain = context_of(request.param, tmp_path_factory).params
    return plain, context_of(request.param, tmp_path_factory, **given, training={"patience": patience}).params


@pytest.mark.parametrize("name", SHORTHANDS)
def test_params_reach_the_typed_groups(read_from_all, name):
    value, read = SHORTHANDS[name]
    plain, changed = read_from_all
    assert read(changed) == value
    assert read(plain) != value or name == "device"


def test_raw_path_reaches_the_click_log(tmp_path_factory):
    context = context_of("criteo", tmp_path_factory, raw_path="/somewhere/day_*.gz")
    assert context.catalog["raw_rows"].load().raw_path == "/somewhere/day_*.gz"


def test_a_parameter_of_one_model_changes_no_other(tmp_path_factory):
    plain = context_of("synthetic", tmp_path_factory).params
    changed = context_of("synthetic", tmp_path_factory, deepfm={"spec": {"mlp": {"dropout": 0.25}}}).params
    assert changed["deepfm"].spec.mlp.dropout == 0.25
    assert changed["deepfm"].spec.mlp.hidden == plain["deepfm"].spec.mlp.hidden
    # "transferred" is a deepfm unless transfer_to says otherwise
    assert {name for name in plain if plain[name] != changed[name]} == {"deepfm", "transferred"}


def leaves(tree, path=""):
    """Every value of nested dicts by its path."""
    if not isinstance(tree, dict) or not tree:
        return {path: tree}
    return {found: value for key, part in tree.items() for found, value in leaves(part, f"{path}.{key}").items()}


@cache
def parameters(env):
    return parameters_with(env, {})


def parameters_with(env, given):
    """Of an environment, every value by its path."""
    return leaves(CONFIG_LOADER_CLASS(str(CONF), env=env, runtime_params=given, **CONFIG_LOADER_ARGS)["parameters"])


@pytest.mark.parametrize("env", ["criteo", "frappe"])
@pytest.mark.parametrize(
    "path",
    [
        "training.patience",
        "training.mlp_precision",
        "search.epochs",
        "trees.max_depth",
        "deepfm.training.l2_embedding",
        "ipnn.training.l2_mlp",
        "ffm.training.learning_rate",
        "gbdt_ffm.training.patience",
        "autofm.training.patience",
        "ipnn.spec.mlp.dropout",
        "transferred.spec.mlp.dropout",
    ],
)
def test_a_parameter_by_its_path_changes_itself_alone(env, path):
    given = "given"
    for key in reversed(path.split(".")):
        given = {key: given}
    before, after = dict(parameters(env)), parameters_with(env, given)
    of_model = f".transferred{path.removeprefix('deepfm')}" if path.startswith("deepfm.") else None  # a copy of it
    assert after.pop(f".{path}") == "given"
    for name in (f".{path}", of_model, f".{path.rpartition('.')[0]}"):  # an empty group is a leaf of its own
        before.pop(name, None)
    after.pop(of_model, None)
    assert after == before
