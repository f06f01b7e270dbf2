"""What a processor has is what the environment leaves of it."""

import platform

import pytest
from numba import config

from autofis_kedro.compiled import processor

SAPPHIRE_RAPIDS = frozenset({"avx2", "avx512f", "avx512_bf16", "amx_bf16"})
ICE_LAKE, EPYC_MILAN = frozenset({"avx2", "avx512f"}), frozenset({"avx2"})


@pytest.fixture
def on(monkeypatch):
    """Be on a processor with these features, where the environment sets a limit or none."""

    def be(features, limit=None):
        monkeypatch.setattr(processor, "features", lambda: features)
        monkeypatch.setattr(processor, "name", lambda: "Some CPU")
        monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
        monkeypatch.delenv("DNNL_MAX_CPU_ISA", raising=False)
        if limit is not None:
            monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)

    return be


@pytest.mark.parametrize(
    ("features", "limit", "has_avx512", "has_bfloat16", "has_unit", "shown"),
    [
        (SAPPHIRE_RAPIDS, None, True, True, True, "AVX2, AVX-512, AVX-512 bf16, AMX bf16"),
        (SAPPHIRE_RAPIDS, "DEFAULT", True, True, True, "AVX2, AVX-512, AVX-512 bf16, AMX bf16"),
        (SAPPHIRE_RAPIDS, "avx512_core_bf16", True, True, False, "AVX2, AVX-512, AVX-512 bf16"),
        (SAPPHIRE_RAPIDS, "AVX512_CORE", True, False, False, "AVX2, AVX-512"),
        (SAPPHIRE_RAPIDS, "AVX2", False, False, False, "AVX2"),
        (ICE_LAKE, None, True, False, False, "AVX2, AVX-512"),
        (EPYC_MILAN, None, False, False, False, "AVX2"),
        (EPYC_MILAN, "AVX512_CORE_AMX", False, False, False, "AVX2"),
        (frozenset(), None, False, False, False, "no AVX2"),
    ],
)
def test_onednn_has_what_the_processor_has_and_the_environment_allows(
    on, features, limit, has_avx512, has_bfloat16, has_unit, shown
):
    on(features, limit)
    found = processor.onednn_has_avx512(), processor.has_bfloat16(), processor.has_bfloat16_unit()
    assert found == (has_avx512, has_bfloat16, has_unit)
    assert processor.described() == f"Some CPU ({shown})"


@pytest.mark.parametrize(
    ("name", "features", "expected"),
    [
        ("haswell", "+avx2,+fma", False),
        ("znver3", "", False),
        ("znver4", "", True),
        ("sapphirerapids", "", True),
        ("sapphirerapids", "+avx2,-avx512f", False),
        ("x86-64-v3", "+avx512f", True),
        ("generic", "", False),
    ],
)
def test_numba_compiles_for_what_it_is_told(name, features, expected, monkeypatch):
    monkeypatch.setattr(config, "CPU_NAME", name)
    monkeypatch.setattr(config, "CPU_FEATURES", features)
    assert processor.compiles_avx512() is expected


@pytest.mark.skipif(platform.machine() != "x86_64" or platform.system() != "Linux", reason="as Linux tells it of x86")
def test_this_processor_is_known_by_name():
    assert "sse2" in processor.features()
    assert processor.name() in processor.described()
