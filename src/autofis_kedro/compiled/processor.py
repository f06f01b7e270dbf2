"""What the processor can do, under the limits that the environment sets to the libraries that use it.

numba takes ``NUMBA_CPU_NAME`` and ``NUMBA_CPU_FEATURES``, torch ``ATEN_CPU_CAPABILITY``, oneDNN ``ONEDNN_MAX_CPU_ISA``.
Whoever limits them rehearses another processor, and finds here what that one would say.
"""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path

import torch

ONEDNN_LEVELS = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI",
                 "AVX512_CORE_BF16", "AVX512_CORE_FP16", "AVX512_CORE_AMX", "AVX512_CORE_AMX_FP16")  # fmt: skip
"""Values of ``ONEDNN_MAX_CPU_ISA`` that set a limit, each holding those before; AVX10's are read as no limit."""
NAMES_WITH_AVX512 = ("avx512", "x86-64-v4", "lake-", "cannonlake", "cascadelake", "cooperlake", "icelake", "tigerlake",
                     "rocketlake", "rapids", "znver4", "znver5", "knl", "knm")  # fmt: skip
"""What LLVM's names of processors with AVX-512 hold."""
SHOWN = {"avx2": "AVX2", "avx512f": "AVX-512", "avx512_bf16": "AVX-512 bf16", "amx_bf16": "AMX bf16", "bf16": "bf16"}
"""Features that our choices depend on, as Linux and we name them."""


@cache
def features() -> frozenset[str]:
    """What the processor has, in Linux's words (``avx512f``); empty where nobody tells."""
    lines = _cpu_lines()
    told = " ".join(line.partition(":")[2] for line in lines if line.startswith(("flags", "Features"))).lower().split()
    if not told and hasattr(torch.cpu, "get_capabilities"):  # not Linux
        told = [
            name.replace("avx512_f", "avx512f") for name, has in torch.cpu.get_capabilities().items() if has is True
        ]
    return frozenset(told)


@cache
def name() -> str:
    """What the maker calls it; the kind of machine where nobody tells."""
    named = (line.partition(":")[2].strip() for line in _cpu_lines() if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def is_by_intel() -> bool:
    """Whether Intel made it."""
    vendors = (line for line in _cpu_lines() if line.startswith("vendor_id"))
    return "GenuineIntel" in next(vendors, "") or "Intel" in name()


def described() -> str:
    """Name and what it has of what matters here, after the environment's limits."""
    has = [shown for feature, shown in SHOWN.items() if feature in features() and _is_allowed(feature)]
    return f"{name()} ({', '.join(has) or 'no AVX2'})"


def compiles_avx512() -> bool:
    """Whether numba compiles for AVX-512: 32 registers of 16 numbers, instead of 16 of 8."""
    from llvmlite.binding import get_host_cpu_features
    from numba import config

    cpu, asked = config.CPU_NAME, config.CPU_FEATURES  # type: ignore[attr-defined]
    has = any(part in cpu for part in NAMES_WITH_AVX512) if cpu else bool(get_host_cpu_features().get("avx512f"))
    for feature in (asked or "").split(","):
        has = feature.strip() == "+avx512f" if feature.strip()[1:] == "avx512f" else has
    return has


def onednn_allows(level: str) -> bool:
    """Whether the environment lets oneDNN use a level of ``ONEDNN_LEVELS``."""
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", os.environ.get("DNNL_MAX_CPU_ISA", "")).upper()
    return limit not in ONEDNN_LEVELS or ONEDNN_LEVELS.index(level) <= ONEDNN_LEVELS.index(limit)


def onednn_has_avx512() -> bool:
    """Whether oneDNN multiplies by AVX-512 here."""
    return "avx512f" in features() and onednn_allows("AVX512_CORE")


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 by instructions of its own; else float32 is 5 to 40 times as fast."""
    if "amx_bf16" in features() or "avx512_bf16" in features():
        return onednn_allows("AVX512_CORE_BF16")
    is_known = hasattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported")
    return "bf16" in features() and is_known and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # ARM


def has_bfloat16_unit() -> bool:
    """Whether the processor multiplies bfloat16 matrices as such (AMX): six times as fast as float32, not twice."""
    return "amx_bf16" in features() and onednn_allows("AVX512_CORE_AMX")


def _is_allowed(feature: str) -> bool:
    allowed = {
        "avx512f": lambda: onednn_allows("AVX512_CORE"),
        "avx512_bf16": has_bfloat16,
        "amx_bf16": has_bfloat16_unit,
    }
    return allowed.get(feature, lambda: True)()


@cache
def _cpu_lines() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        return []
