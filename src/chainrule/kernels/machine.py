"""LLVM IR to code that runs on this machine.

A module is optimised for the processor at hand, written as an object, and linked into the process. Objects hold no
addresses, only names, so they are kept on disk for the next process (`cache.py`).
"""

from __future__ import annotations

import itertools
import os
import platform
import re
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, final

from chainrule.errors import ChainruleError
from chainrule.kernels.cache import key_of, object_cache
from chainrule.kernels.symbols import address_of, known_symbol

__all__ = ["CompilationError", "Loaded", "available", "compile_module", "known_symbol", "vector_bytes"]

# Modules come with their vectors and loops written out, so a few passes find all there is to find: LLVM's own sequence
# takes ten times as long, and the code that comes out is no faster.
_PASSES = ("always_inliner", "global_dead_code_eliminate", "sroa", "instruction_combine", "simplify_cfg")
_CODE_LEVEL = 2
_OLDEST = (0, 45)  # llvmlite, with LLVM 20: pointers without types, constants as splats
_FORMAT = "2"  # of what stands on disk: counted up when a module is optimised in another way
_DEFINED = re.compile(r"^define (?!internal|private)[^@\n]*@\"?([\w.$-]+)\"?\(", re.MULTILINE)
_DECLARED = re.compile(r"^declare [^@\n]*@\"?([\w.$-]+)\"?\(", re.MULTILINE)


class CompilationError(ChainruleError):
    """A module could not be compiled or linked here; the message is LLVM's."""


@final
@dataclass(frozen=True, slots=True)
class Loaded:
    """Code in the process, for as long as this object lives.

    Attributes:
        name: of the module.
        functions: the address of each function that the module defines for others.
        cached: whether its object was found on disk.
        seconds: what compiling and linking took.
    """

    name: str
    functions: Mapping[str, int]
    cached: bool
    seconds: float
    _library: Any

    def address(self, function: str) -> int:
        """Where a function is.

        Raises:
            CompilationError: the module defines none of this name.
        """
        if function not in self.functions:
            raise CompilationError(
                f"{self.name} defines no function {function}; it defines {', '.join(self.functions)}"
            )
        return self.functions[function]


def available() -> str:
    """The reason why no kernels can be compiled here, for the plan; empty where they can."""
    if os.environ.get("CHAINRULE_KERNELS") == "0":
        return "CHAINRULE_KERNELS=0 turns kernels off"
    return _unsupported()


@cache
def _unsupported() -> str:
    if sys.maxsize < 2**63 - 1 or sys.byteorder != "little":
        return f"kernels are compiled for 64-bit little-endian machines, and this is {platform.machine()}"
    try:
        _host()
    except ImportError:
        return "llvmlite is not installed: pip install 'chainrule[fast]' brings it"
    except (OSError, RuntimeError, AttributeError) as error:
        return f"llvmlite cannot compile here: {error}"
    return ""


def vector_bytes() -> int:
    """The width of the machine's vectors in bytes: 64 with AVX-512, 32 with AVX2, else 16."""
    features = set(_host().features.split(","))
    if {"+avx512f", "+avx512vl", "+avx512dq"} <= features:
        return 64
    return 32 if {"+avx2", "+fma"} <= features else 16


@final
@dataclass(frozen=True, slots=True)
class _Host:
    """What code is compiled for, and the engine that links it."""

    triple: str
    cpu: str
    features: str
    version: str
    machine: Any
    engine: Any


@cache
def _host() -> _Host:
    import llvmlite
    import llvmlite.binding as llvm

    if tuple(map(int, llvmlite.__version__.split(".")[:2])) < _OLDEST:
        raise RuntimeError(f"{'.'.join(map(str, _OLDEST))} or later is needed, and this is {llvmlite.__version__}")
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.check_jit_execution()
    triple, cpu = llvm.get_process_triple(), llvm.get_host_cpu_name()
    # LLVM prefers half of AVX-512's registers, for processors that slowed down in the whole; modules decide themselves.
    features = ",".join([llvm.get_host_cpu_features().flatten(), *_tuning(triple)])
    elf_or_macho = sys.platform != "win32"
    target = llvm.Target.from_triple(triple)
    machine = target.create_target_machine(
        cpu=cpu,
        features=features,
        opt=_CODE_LEVEL,
        reloc="pic" if elf_or_macho else "default",
        codemodel="small" if elf_or_macho else "jitdefault",
        jit=True,
    )
    engine = llvm.create_lljit_compiler(machine, use_jit_link=elf_or_macho, suppress_errors=True)
    version = f"llvmlite {llvmlite.__version__}, LLVM {'.'.join(map(str, llvm.llvm_version_info))}"
    return _Host(triple, cpu, features, version, machine, engine)


def _tuning(triple: str) -> list[str]:
    return ["-prefer-256-bit"] if triple.startswith("x86_64") else []


_numbers = itertools.count()
_compiling = threading.Lock()


def compile_module(text: str, name: str) -> Loaded:
    """Compile LLVM IR, or take its object from the disk, and link it into the process.

    Args:
        text: of the module. It may declare what `known_symbol` knows, and whatever the C library exports.
        name: for messages and profiles.

    Raises:
        CompilationError: LLVM refuses the module, or calls a function that is not there.
    """
    start = time.perf_counter()
    host = _host()
    kept, key = object_cache(), key_of(_FORMAT, host.version, host.triple, host.cpu, host.features, text)
    image = kept.read(key)
    cached = image is not None
    try:
        if image is None:
            image = _object(host, text)
            kept.write(key, image)
        functions, library = _linked(host, text, image, name)
    except RuntimeError as error:
        raise CompilationError(f"{name} cannot be compiled: {error}") from error
    return Loaded(name, functions, cached, time.perf_counter() - start, library)


def _object(host: _Host, text: str) -> bytes:
    import llvmlite.binding as llvm

    # A context of its own: what is compiled leaves nothing behind in the one that all share.
    with _compiling:
        module = llvm.parse_assembly(text, llvm.create_context())
        module.triple = host.triple
        module.data_layout = str(host.machine.target_data)
        module.verify()
        builder = llvm.create_pass_builder(host.machine, llvm.create_pipeline_tuning_options(speed_level=_CODE_LEVEL))
        passes = llvm.create_new_module_pass_manager()
        for name in _PASSES:
            getattr(passes, f"add_{name}_pass")()
        passes.run(module, builder)
        return bytes(host.machine.emit_object(module))


def _linked(host: _Host, text: str, image: bytes, name: str) -> tuple[Mapping[str, int], Any]:
    import llvmlite.binding as llvm

    linking = llvm.JITLibraryBuilder().add_object_img(image).add_current_process()
    missing = []
    for declared in _DECLARED.findall(text):
        if declared.startswith("llvm."):
            continue
        if address := address_of(declared):
            linking.import_symbol(declared, address)
        else:
            missing.append(declared)
    defined = _DEFINED.findall(text)
    for function in defined:
        linking.export_symbol(function)
    # A name may stand for one library only, as long as the engine lives.
    try:
        library = linking.link(host.engine, f"{name} {next(_numbers)}")
    except RuntimeError as error:
        raise CompilationError(f"{name} cannot be linked: {', '.join(missing) or error} not found") from error
    return {function: library[function] for function in defined}, library
