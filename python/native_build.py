"""Builds libattest._native with CFFI in API mode. Its declarations are those of include/attest.h: no second list.

In a checkout the library's sources are compiled into the extension. Elsewhere, and with LIBATTEST_SYSTEM=1, it is
linked with the libattest that pkg-config finds.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DEPENDENCIES = ["tss2-mu", "libcrypto", "jansson"]
FLAGS = [
    "-std=c11",
    "-D_GNU_SOURCE",
    "-O2",
    "-fvisibility=hidden",
    "-fstack-protector-strong",
    "-D_FORTIFY_SOURCE=2",
    "-pthread",
    f"-ffile-prefix-map={ROOT}/=",  # OpenSSL's macros would name this machine's folders in every wheel
]
LAYERS = ("", "base", "evidence", "logs", "formats", "trust", "policy")

# What a macro of the header says in braces, CFFI cannot read: the C compiler fills these structs in.
INITIALISERS = {
    "options": "ATTEST_OPTIONS_INIT",
    "parts": "ATTEST_PARTS_INIT",
    "inspect_options": "ATTEST_INSPECT_OPTIONS_INIT",
    "predict_options": "ATTEST_PREDICT_OPTIONS_INIT",
}

# So that a result has an owner before it is made: a signal handler may raise as soon as C returns.
RELEASE = "static void attest_result_release(attest_result **made)\n{\n\tattest_result_free(*made);\n}\n"


def pkg_config(*arguments: str) -> list[str]:
    command = ["pkg-config", "--print-errors", *arguments]
    try:
        return shlex.split(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    except FileNotFoundError:
        raise SystemExit("libattest: pkg-config is needed to build it (Debian: apt-get install pkg-config)") from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(
            f"libattest: {' '.join(command)}: {error.stderr.strip()}\n"
            "(Debian: apt-get install libtss2-dev libjansson-dev libssl-dev; the system's libattest: make install)"
        ) from None


def demand_compiler() -> None:
    """Say what is missing before a compiler says it in its own words."""
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        raise SystemExit(
            f"libattest: a C compiler is needed to build it, and there is no {compiler}"
            " (Debian: apt-get install gcc libc6-dev)"
        )
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if not header.exists():
        raise SystemExit(
            f"libattest: Python's headers are needed to build it, and there is no {header}"
            " (Debian: apt-get install python3-dev)"
        )


def declarations(header: str) -> str:
    """What CFFI reads of the header: types, functions, and the macros that are whole numbers."""
    text = re.sub(r"/\*.*?\*/", " ", header, flags=re.DOTALL)
    numbers = re.findall(r"^#define (ATTEST_\w+) +(?:-?\d+u?|INT64_MIN)\b", text, re.MULTILINE)
    text = re.sub(r"\\\n", " ", text)
    text = re.sub(r"^#ifdef __cplusplus.*?^#endif", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^#.*$", "", text, flags=re.MULTILINE)
    text = text.replace("ATTEST_API", "").replace("[ATTEST_PIN_SIZE]", "[]")
    return "".join(
        [text, *(f"#define {name} ...\n" for name in numbers)]
        + [f"struct attest_{name} attest_{name}_init(void);\n" for name in INITIALISERS]
        + ["void attest_result_release(attest_result **made);\n"]
    )


def source() -> str:
    functions = (
        f"static struct attest_{name} attest_{name}_init(void)\n"
        f"{{\n\tstruct attest_{name} value = {macro};\n\treturn value;\n}}\n"
        for name, macro in INITIALISERS.items()
    )
    return "#include <attest.h>\n" + "".join(functions) + RELEASE


def from_system() -> bool:
    return os.environ.get("LIBATTEST_SYSTEM", "") not in ("", "0") or not (ROOT / "include" / "attest.h").exists()


def attest_header() -> Path:
    if from_system():
        return Path(pkg_config("--variable=includedir", "libattest")[0]) / "attest.h"
    return ROOT / "include" / "attest.h"


def library_sources() -> list[str]:
    """What a checkout compiles into the extension; empty where the system's library is linked."""
    if from_system():
        return []
    return [str(path) for layer in LAYERS for path in sorted((ROOT / "lib" / layer).glob("*.c"))]


def configure(ffi: FFI) -> None:
    demand_compiler()
    # Nothing of the library is visible beside the module's own entry: another libattest may be in the process.
    link = ["-pthread", f"-Wl,--version-script={HERE / 'native.map'}", "-Wl,-z,relro,-z,now"]
    if from_system():
        packages, include = ["libattest"], []
    else:
        packages, include = DEPENDENCIES, [str(ROOT / "include"), str(ROOT / "lib")]
    ffi.cdef(declarations(attest_header().read_text()))
    ffi.set_source(
        "libattest._native",
        source(),
        include_dirs=include,
        extra_compile_args=[*FLAGS, *pkg_config("--cflags", *packages)],
        extra_link_args=[*link, *pkg_config("--libs", *packages)],
    )


ffibuilder = FFI()
configure(ffibuilder)
