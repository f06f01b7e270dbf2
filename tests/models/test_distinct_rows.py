"""Multiplying each table row of a batch once gives the product and the gradients of multiplying every read."""

import pytest
import torch

from autofis_kedro.models import distinct_rows as module
from autofis_kedro.models import distinct_rows_numba
from autofis_kedro.models.distinct_rows import distinct_rows, product_of_rows
from autofis_kedro.models.embeddings import FieldTable
from autofis_kedro.models.room import Room
from autofis_kedro.optim.row_kernels import TorchKernels
from autofis_kedro.optim.row_kernels_numba import NumbaKernels
from autofis_kedro.training import TrainingConfig, fit
from tests.models.zoo import SPECS, shaken
from tests.problems import most_reads, random_batch, random_examples, schema_of, taken_gradient
from tests.rounding import assert_near, assert_rounded, bound, magnitudes, moved_by_rounding, unit

UNITS = 37
WITH_MLP = [name for name, spec in SPECS.items() if spec.mlp is not None and spec.mlp.dropout == 0]


@pytest.fixture
def always(monkeypatch):
    """Share rows however small the product is."""
    monkeypatch.setattr(module, "LARGEST_SHARE", 1.0)
    monkeypatch.setattr(module, "FEWEST_MULTIPLICATIONS", 0)
    monkeypatch.setattr(module, "SMALLEST_SIZE", 1)
    monkeypatch.setattr(module, "UNITS_OF_A_THREAD", 0)


def table_of(schema, width, seed=0):
    table = FieldTable(schema, width, "mean")
    with torch.no_grad():
        table.weight.normal_(generator=torch.Generator().manual_seed(seed))
    table.keep_gradient()
    return table


def begin(table, batch, kernels=None):
    table.begin(batch, (kernels or NumbaKernels()).group(batch.ids_Z, len(table.weight)))


def product_and_gradients(table, batch, weight_DN, others_BX, bias_N, gradient_BN):
    rows = distinct_rows(table, batch, weight_DN.shape[1])
    given = [t.clone().requires_grad_() for t in (others_BX, weight_DN, bias_N)]
    out_BN = product_of_rows(rows, *given, Room())
    out_BN.backward(gradient_BN)
    dense_NK = taken_gradient(table, batch)
    return [out_BN.detach(), dense_NK, *(t.grad for t in given)]


def every_read(numbers, batch, gradient_BN):
    """The product in which every read is multiplied, and its gradients."""
    table_NK, others_BX, weight_DN, bias_N = numbers
    out_BN = torch.cat([table_NK[batch.one_hot_BO.long()].flatten(1), others_BX], dim=1) @ weight_DN + bias_N
    return [out_BN.detach(), *torch.autograd.grad(out_BN, numbers, gradient_BN)]


@pytest.mark.parametrize("kernels", [NumbaKernels, TorchKernels])
@pytest.mark.parametrize("most_rows", [1, 100, 1 << 20])
@pytest.mark.parametrize("sizes", [[4, 90, 5, 1000], [3], [6] * 30])
@pytest.mark.usefixtures("always")
def test_product_and_gradients_are_those_of_all_reads(sizes, most_rows, kernels, monkeypatch):
    monkeypatch.setattr(distinct_rows_numba, "MOST_PRODUCTS", most_rows * UNITS)
    schema, rows, size, others = schema_of(sizes), 230, 9, 6
    table, batch = table_of(schema, size), random_batch(schema, rows, seed=1)
    generator = torch.Generator().manual_seed(2)
    weight_DN = torch.randn(len(sizes) * size + others, UNITS, generator=generator)
    others_BX, bias_N = torch.randn(rows, others, generator=generator), torch.randn(UNITS, generator=generator)
    gradient_BN = torch.randn(rows, UNITS, generator=generator)
    begin(table, batch, kernels())
    found = product_and_gradients(table, batch, weight_DN, others_BX, bias_N, gradient_BN)

    numbers = (table.weight, others_BX, weight_DN, bias_N)
    exact = every_read([t.detach().double().requires_grad_() for t in numbers], batch, gradient_BN.double())
    large = every_read(magnitudes(*numbers), batch, gradient_BN.double().abs())
    inner = len(weight_DN) + 1
    for here, there, size_of, n_terms in zip(
        found, exact, large, (inner, UNITS + most_reads(batch), UNITS, rows, rows), strict=True
    ):
        assert_rounded(here, there, n_terms + 2, size_of)


@pytest.mark.usefixtures("always")
def test_the_number_of_threads_changes_no_bit():
    schema = schema_of([4, 90, 5, 1000, 7])
    batch, weight_DN = random_batch(schema, 3000, seed=1), torch.randn(5 * 8, UNITS)
    given = weight_DN, torch.randn(3000, 0), torch.zeros(UNITS), torch.randn(3000, UNITS)
    found = []
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            table = table_of(schema, 8)
            begin(table, batch)
            rows = distinct_rows(table, batch, UNITS)
            begin(table, batch)
            found.append([rows.rows_U, *product_and_gradients(table, batch, *given)[:2]])
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, two) for one, two in zip(*found, strict=True))


@pytest.mark.parametrize("name", WITH_MLP)
@pytest.mark.usefixtures("always")
def test_a_models_logits_and_gradients_do_not_change(name):
    schema = schema_of([5, 6, 4, 7])
    model, twin = shaken(SPECS[name], schema).train(), shaken(SPECS[name], schema).double().train()
    batch = random_batch(schema, 40, seed=3)
    for table in model.tables:
        table.keep_gradient()
        begin(table, batch)
    assert model.mlp.rows_to_share(model.embedding, batch) is not None

    def by_twin():
        twin.zero_grad(set_to_none=True)
        logit_B = twin(batch)
        logit_B.square().sum().backward()
        return [logit_B, *(weight.grad for weight in twin.parameters())]

    n_operations = 40 + 4 * 3 + 6 + 5 + 4 + 8  # rows; inputs, pairs and units that are added up; what is left
    exact, allowed = moved_by_rounding(by_twin, list(twin.parameters()), n_operations)
    logit_B = model(batch)
    logit_B.square().sum().backward()
    tables = {id(table.weight): table for table in model.tables}
    gradients = [
        taken_gradient(tables[id(weight)], batch) if id(weight) in tables else weight.grad
        for weight in model.parameters()
    ]
    names = ["logits", *(name for name, _ in model.named_parameters())]
    largest = max(float(gradient.norm()) for gradient in exact)
    for found, wanted, far, part in zip([logit_B, *gradients], exact, allowed, names, strict=True):
        # of a bias that batch norm takes away again nothing is left but the rounding of terms like the others'
        assert_near(found, wanted, bound(n_operations, largest) if wanted.norm() < 1e-9 * largest else far, part)


def test_rows_are_shared_only_where_that_is_faster(monkeypatch):
    schema = schema_of([50, 50, 50, 50])
    table, batch = table_of(schema, 12), random_batch(schema, 400)
    assert distinct_rows(table, batch, 1 << 20) is None, "the reads are not grouped"
    begin(table, batch)
    monkeypatch.setattr(module, "UNITS_OF_A_THREAD", 0)
    assert distinct_rows(table, batch, 1 << 20) is not None
    assert distinct_rows(table, batch, 16) is None, "too small"
    assert distinct_rows(table, random_batch(schema, 400), 1 << 20) is None, "another batch"
    with torch.no_grad():
        assert distinct_rows(table, batch, 1 << 20) is None, "no training"
    few = random_batch(schema, 40)
    begin(table, few)
    assert distinct_rows(table, few, 1 << 23) is None, "nearly every read is of a row of its own"
    short = table_of(schema, 8)
    begin(short, batch)
    assert distinct_rows(short, batch, 1 << 20) is None, "the vectors are short"
    monkeypatch.setattr(module, "UNITS_OF_A_THREAD", 1 << 21)
    begin(table, batch)
    assert distinct_rows(table, batch, 1 << 20) is None, "too few units for the threads"


@pytest.mark.usefixtures("always")
def test_multi_hot_fields_evaluation_and_bfloat16_units_multiply_every_read(monkeypatch):
    schema = schema_of([5, 6, 4], (1,))
    table, batch = table_of(schema, 3), random_batch(schema, 20)
    begin(table, batch)
    assert distinct_rows(table, batch, 8) is None
    schema = schema_of([5, 6, 4])
    model, batch = shaken(SPECS["deepfm"], schema).train(), random_batch(schema, 20)
    model.embedding.keep_gradient()
    begin(model.embedding, batch)
    assert model.mlp.rows_to_share(model.embedding, batch) is not None
    model.mlp.training_precision = "bfloat16"
    for has_unit in (True, False):
        monkeypatch.setattr("autofis_kedro.models.mlp.has_bfloat16_unit", lambda has_unit=has_unit: has_unit)
        assert (model.mlp.rows_to_share(model.embedding, batch) is None) == has_unit
    assert model.eval().mlp.rows_to_share(model.embedding, batch) is None


@pytest.mark.usefixtures("always")
def test_a_gradient_that_nobody_took_is_not_the_next_batchs():
    """A bi-level search asks for the gates' gradient alone, which passes IPNN's first product."""
    schema = schema_of([30, 20, 40])
    table, batch, few = table_of(schema, 4), random_batch(schema, 60), random_batch(schema, 5, seed=1)
    begin(table, batch)
    weight_DN = torch.randn(12, UNITS, requires_grad=True)
    product = product_of_rows(distinct_rows(table, batch, UNITS), None, weight_DN, None, Room())
    torch.autograd.grad(product.sum(), weight_DN)
    begin(table, few)
    table(few).sum().backward()
    assert torch.equal(table.take_gradient().of_reads_ZK, torch.ones(15, 4))


@pytest.mark.usefixtures("always")
def test_a_row_that_two_fields_read_is_not_shared():
    schema = schema_of([5, 6, 4])
    table, batch = table_of(schema, 3), random_batch(schema, 20)
    for wrong in (batch.one_hot_BO[0, 1], batch.one_hot_BO[0, 2]):
        batch.one_hot_BO[4, 0] = wrong
        begin(table, batch)
        assert distinct_rows(table, batch, 8) is None
    batch.one_hot_BO[4] = batch.one_hot_BO[4, [1, 2, 0]]  # as many reads of each field's rows as there are rows
    batch.one_hot_BO[5, 0], batch.one_hot_BO[5, 1] = batch.one_hot_BO[0, 1], batch.one_hot_BO[0, 0]
    begin(table, batch)
    assert distinct_rows(table, batch, 8) is None


@pytest.mark.parametrize("table_adam", ["deferred", "dense"])
def test_a_training_ends_at_the_same_weights(table_adam, monkeypatch):
    schema = schema_of([30, 20, 40, 10])
    train, valid = (random_examples(schema, 2000, seed) for seed in (0, 1))
    config = TrainingConfig(batch_size=200, epochs=1, table_adam=table_adam)
    spec = SPECS["deepfm_no_norm"]

    def trained(n_operations=0):
        """Weights of a training that begins where those of the others do, but for so many roundings."""
        model = shaken(spec, schema)
        with torch.no_grad():
            for weight in model.parameters():
                weight.mul_(1 + n_operations * unit() * torch.randn_like(weight).sign())
        return fit(model, train, valid, config, seed=0).weights

    torch.manual_seed(0)
    plain, nudged = trained(), trained(200 + 4 * 3 + 5)  # a batch's rows, the first product's inputs, its units
    small = ("FEWEST_MULTIPLICATIONS", 0), ("SMALLEST_SIZE", 1), ("UNITS_OF_A_THREAD", 0)
    for name, value in (("LARGEST_SHARE", 1.0), *small):
        monkeypatch.setattr(module, name, value)
    shared = trained()
    assert any(not torch.equal(plain[name], shared[name]) for name in plain), "the rows were shared"
    for name in plain:
        assert_near(shared[name], plain[name].double(), float((nudged[name] - plain[name]).norm()), name)
