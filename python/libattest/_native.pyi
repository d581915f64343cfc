# The extension that native_build.py makes of include/attest.h; tests/python/test_header.py holds that nothing is
# missing.
from typing import Any

ffi: Any
lib: Any
