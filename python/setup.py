"""What pyproject.toml cannot say: the version, which is the Makefile's, and a wheel for every Python from 3.10 on."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

from native_build import attest_header, library_sources


def version() -> str:
    header = attest_header()
    found = re.search(r'^#define ATTEST_VERSION +"(.+)"$', header.read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit(f"libattest: {header} names no version")
    return found[1]


class BuildWithLibrary(build_ext):
    """Compiles the library's sources too. They lie beside this folder, where setuptools takes none from."""

    def build_extension(self, ext: Extension) -> None:
        def compiled(path: str) -> list[str]:
            made: list[str] = self.compiler.compile(
                [path],
                output_dir=self.build_temp,
                include_dirs=ext.include_dirs,
                debug=self.debug,
                extra_postargs=ext.extra_compile_args,
            )
            return made

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            objects = pool.map(compiled, library_sources())
        ext.extra_objects = [name for names in objects for name in names]
        super().build_extension(ext)


# setuptools would leave its folders beside the sources.
scratch = tempfile.TemporaryDirectory(prefix="libattest-")

setup(
    version=version(),
    cmdclass={"build_ext": BuildWithLibrary},
    cffi_modules=["native_build.py:ffibuilder"],
    options={
        "bdist_wheel": {"py_limited_api": "cp310"},
        "build": {"build_base": scratch.name},
        "egg_info": {"egg_base": scratch.name},
    },
)
