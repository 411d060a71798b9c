"""The build: vendored sources, the variants and their choice, what the modules export."""

import ast
import hashlib
import json
import re
import struct
import sys
from importlib.metadata import files, requires
from importlib.util import find_spec
from pathlib import Path

import pytest

import fastopt
from fastopt import _core
from process import run_process, run_python

ALL_VARIANTS = ("base", "v3", "v4")
USABLE = [name for name in _core.built_variants if name in _core.supported_variants]
EIGEN = Path(__file__).parents[2] / "cpp" / "third_party" / "eigen"


def output(code, simd=None):
    """Return what the code prints with FASTOPT_SIMD set to `simd`."""
    return run_python(code, FASTOPT_SIMD=simd)


def error(code, simd=None):
    """Return the last line of the traceback that the code has to end with."""
    result = run_process(code, FASTOPT_SIMD=simd)
    assert result.returncode == 1
    return result.stderr.strip().splitlines()[-1]


SHOW_VARIANT = "from fastopt import _core; print(_core.variant, _core.build_info_raw()['variant'])"


# Vendored sources and metadata


def test_eigen_is_as_it_came():
    files = [path for path in EIGEN.rglob("*") if path.is_file() and path.name != "ORIGIN.md"]
    names = sorted(path.relative_to(EIGEN).as_posix() for path in files)
    lines = [
        f"{hashlib.sha256((EIGEN / name).read_bytes()).hexdigest()}  {name}\n" for name in names
    ]
    checksum = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert re.findall(r"^ +([0-9a-f]{64})$", (EIGEN / "ORIGIN.md").read_text(), re.M) == [checksum]


def test_the_bill_of_materials_names_eigen_as_it_is_built_in():
    bill = json.loads((EIGEN.parent / "eigen.cdx.json").read_text())
    (eigen,) = bill["components"]
    assert (bill["bomFormat"], eigen["name"]) == ("CycloneDX", "eigen")
    assert eigen["version"] == fastopt.build_info()["eigen"]
    installed = [file for file in files("fastopt") if file.name == "eigen.cdx.json"]
    assert [file.parent.name for file in installed] == ["sboms"]
    assert json.loads(installed[0].read_text()) == bill


def test_numpy_is_the_only_runtime_dependency():
    needed = [line for line in requires("fastopt") if "extra ==" not in line]
    assert [re.match(r"[\w-]+", line).group() for line in needed] == ["numpy"]


# The choice of a variant


def test_default_is_the_fastest_usable_variant():
    assert output(SHOW_VARIANT) == f"{USABLE[-1]} {USABLE[-1]}"
    assert output(SHOW_VARIANT, simd="") == f"{USABLE[-1]} {USABLE[-1]}"


@pytest.mark.parametrize("name", ALL_VARIANTS)
def test_environment_variable_chooses_the_variant(name):
    if name in USABLE:
        assert output(SHOW_VARIANT, simd=name) == f"{name} {name}"
    else:
        assert error(SHOW_VARIANT, simd=name).startswith(f"ImportError: FASTOPT_SIMD='{name}'")


def test_one_variant_is_loaded():
    code = """
import fastopt._core, sys
print(*(name for name in sys.modules if "fastopt._core._" in name))
"""
    expected = {f"fastopt._core._{name}" for name in ("cpu", USABLE[0])}
    assert set(output(code, simd=USABLE[0]).split()) == expected


def test_unknown_variant_is_an_error():
    message = error(SHOW_VARIANT, simd="avx2")
    assert message == "ValueError: FASTOPT_SIMD='avx2' is not one of base, v3, v4"


# As it would be on a plainer processor: the module that reads the processor is replaced.
ON_A_MACHINE_WITH = """
import sys, types
cpu = types.ModuleType("fastopt._core._cpu")
cpu.supported_variants = lambda: {supported}
sys.modules[cpu.__name__] = cpu
"""
# As if only some variants had been built.
BUILT_ONLY = """
import importlib.util
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name: find_spec(name) if name.endswith({built}) else None
"""


def test_plainer_processor_gets_a_plainer_variant():
    assert output(ON_A_MACHINE_WITH.format(supported=USABLE[:1]) + SHOW_VARIANT).split() == [
        USABLE[0],
        USABLE[0],
    ]


def test_unsupported_variant_is_an_error():
    message = error(ON_A_MACHINE_WITH.format(supported=["none"]) + SHOW_VARIANT, simd=USABLE[0])
    assert message == (
        f"ImportError: FASTOPT_SIMD='{USABLE[0]}': this processor does not support it "
        "(supported: none)"
    )


def test_variant_that_was_not_built_is_an_error():
    message = error(BUILT_ONLY.format(built=("_other",)) + SHOW_VARIANT, simd=USABLE[0])
    assert message.startswith(
        f"ImportError: FASTOPT_SIMD='{USABLE[0]}': this variant was not built"
    )


def test_processor_without_any_variant_is_an_error():
    message = error(ON_A_MACHINE_WITH.format(supported=[]) + SHOW_VARIANT)
    assert message.startswith("ImportError: fastopt has no compiled variant for this processor")


def test_supported_variants_follow_the_processor():
    cpuinfo = Path("/proc/cpuinfo")
    flags = set(re.findall(r"[^\s:]+", cpuinfo.read_text())) if cpuinfo.exists() else set()
    if "sse4_2" not in flags:
        assert _core.supported_variants[:1] == ("base",)
        return
    needed = {"base": {"ssse3", "popcnt", "cx16"}, "v3": {"avx2", "fma", "bmi1", "bmi2", "f16c"}}
    needed["v4"] = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
    expected = [name for name in ALL_VARIANTS if needed[name] <= flags]
    assert list(_core.supported_variants) == expected


# What the modules are


@pytest.mark.parametrize("name", USABLE)
def test_variant_is_compiled_for_its_instructions(name):
    used = output("from fastopt import _core; print(_core.build_info_raw()['instructions'])", name)
    assert ("AVX-512" in used) == (name == "v4")
    assert ("AVX2" in used) == (name in ("v3", "v4"))


def test_build_info():
    info = _core.build_info_raw()
    assert info["variant"] == _core.variant
    assert info["eigen"] in (EIGEN / "ORIGIN.md").read_text().splitlines()[0]
    assert re.match(r"(GCC|Clang) \d+\.\d+", info["compiler"])


@pytest.mark.parametrize("names", [USABLE, USABLE[::-1]])
def test_variants_load_side_by_side(names):
    code = f"""
from importlib import import_module
modules = [import_module("fastopt._core._" + name) for name in {names}]
print(*(module.build_info_raw()["variant"] for module in modules))
"""
    assert output(code).split() == names


@pytest.mark.parametrize("name", USABLE)
def test_loading_leaves_denormals_on(name):
    code = """
import numpy as np
from fastopt import _core
print(np.array([np.finfo(np.float64).tiny])[0] / 2 > 0, np.array([1e-40], np.float32)[0] > 0)
"""
    assert output(code, simd=name) == "True True"


def exported_symbols(path):
    """Return the names that an ELF shared library of 64 bits defines for others."""
    data = path.read_bytes()
    assert data[:5] == b"\x7fELF\x02"
    (table,) = struct.unpack_from("Q", data, 40)
    size, count = struct.unpack_from("HH", data, 58)
    sections = list(struct.iter_unpack("IIQQQQIIQQ", data[table : table + size * count]))
    # Of a section: its type (11 is the dynamic symbols'), its place and length, its strings.
    ((start, length, strings),) = (s[4:7] for s in sections if s[1] == 11)
    names = set()
    for name, _, _, section, _, _ in struct.iter_unpack("IBBHQQ", data[start : start + length]):
        if section:
            begin = sections[strings][4] + name
            names.add(data[begin : data.index(b"\0", begin)].decode())
    return names


@pytest.mark.skipif(sys.platform != "linux", reason="reads the ELF format of Linux")
@pytest.mark.parametrize("name", ["cpu", *_core.built_variants])
def test_only_the_entry_point_is_exported(name):
    path = Path(find_spec(f"fastopt._core._{name}").origin)
    assert exported_symbols(path) == {f"PyInit__{name}"}


def test_version():
    assert fastopt.__version__ == fastopt.build_info()["version"]


# --- what the core offers ------------------------------------------------------------------------


def stub():
    """Return the names of the .pyi with those of each class, without what Python adds."""
    tree = ast.parse(Path(_core.__file__).with_suffix(".pyi").read_text())

    def names(body):
        for node in body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                yield node.name, node
            elif isinstance(node, ast.AnnAssign):
                yield node.target.id, node

    return {
        name: [inner for inner, _ in names(node.body)] if isinstance(node, ast.ClassDef) else []
        for name, node in names(tree.body)
        if not name.startswith("_")
    }


def test_the_core_offers_what_its_types_say():
    described = stub()
    assert set(described) == set(_core.__all__)
    for name, inner in described.items():
        missing = [it for it in inner if not hasattr(getattr(_core, name), it)]
        assert not missing, f"{name} has no {missing}"
