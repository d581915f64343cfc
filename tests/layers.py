"""The layers of the house: a file of lib/ includes only headers of its own layer and of those before it; and nothing but
the library and its own tests sees an internal header. Ends with `N passed, N failed`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
LAYERS = ["base", "evidence", "logs", "formats", "trust", "policy", ""]  # "": verify.c, result.c and report.c see all
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
INSIDERS = ("lib/", "tests/unit/", "tests/fuzz/")
FOREIGN = {"jansson.h": {"base", "logs", "formats", "trust", "policy", ""}, "tss2/tss2_mu.h": {"evidence"}}


def layer(path: str) -> str:
    """`lib/base/json.h` and `base/json.h` are of layer base; `lib/verify.c` of the last."""
    parts = path.removeprefix("lib/").split("/")
    return parts[0] if len(parts) > 1 else ""


def check(file: Path) -> list[str]:
    name = str(file.relative_to(ROOT))
    inside = name.startswith("lib/")
    wrong = []
    for include in INCLUDE.findall(file.read_text()):
        target = include if "/" in include else str(Path(name).parent.relative_to("lib") / include) if inside else include
        if include in ("attest.h",) or not ("/" in target or inside):
            continue
        if target.split("/")[0] not in LAYERS and layer(target) != "":
            continue
        if inside and LAYERS.index(layer(target)) > LAYERS.index(layer(name)):
            wrong.append(f"{name} includes {include}: layer {layer(target)} comes after {layer(name)}")
        if not name.startswith(INSIDERS) and (ROOT / "lib" / target).exists():
            wrong.append(f"{name} includes {include}, which is internal")
    for header in re.findall(r"^\s*#\s*include\s+<([^>]+)>", file.read_text(), re.MULTILINE):
        if inside and header in FOREIGN and layer(name) not in FOREIGN[header]:
            wrong.append(f"{name} includes <{header}>: not in this layer")
        if inside and header.startswith(("curl/", "sys/socket", "netinet/", "netdb", "fcntl")):
            wrong.append(f"{name} includes <{header}>: the core reads no file and opens no socket")
    return wrong


def main() -> int:
    files = [file for pattern in ("lib/**/*.[ch]", "cli/*.[ch]", "tests/**/*.[ch]") for file in sorted(ROOT.glob(pattern))]
    wrong = [line for file in files for line in check(file)]
    for line in wrong:
        print(f"FAILED {line}")
    print(f"layers: {len(files) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main())
