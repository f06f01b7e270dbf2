"""Under the mask every choice that we make by the processor is that of one with AVX2 alone."""

import os
import platform
import subprocess
import sys

import pytest

from tests.masked import MASK, ROOT

pytestmark = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="AVX2 is x86's")
CHOICES = """
import torch
from numba.core.registry import cpu_target
from autofis_kedro.compiled import processor, products
from autofis_kedro.models.matmul import onednn_is_faster
import numpy as np
from tests.compiled.test_products import product
print(torch.backends.cpu.get_cpu_capability(), products.ROWS, onednn_is_faster(), processor.has_bfloat16())
product(*(np.ones((20, 20), np.float32) for _ in range(3)))
print("zmm" in next(iter(product.inspect_asm().values())), "ymm" in next(iter(product.inspect_asm().values())))
"""


def test_torch_and_our_loops_take_avx2_and_no_wider_registers():
    done = subprocess.run(
        [sys.executable, "-c", CHOICES], cwd=ROOT, env=os.environ | MASK, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["AVX2", "4", "False", "False", "False", "True"]
