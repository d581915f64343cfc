"""How the pages of attest-inspect --html look, in a real browser: headless Chromium takes pictures, in light and dark and
as wide as a phone, into BUILD/screenshots, and says whether anything is wider than the window. Skipped visibly without it.

Usage: screenshots.py BUILD
"""

from __future__ import annotations

import html
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

from inspection import BOOT, HOSTILE, IPL, OTHER, changed, tcg_log
from options import PROOF, ROOT, Runner

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
    "--virtual-time-budget=4000",
]
DARK = "--blink-settings=preferredColorScheme=0"
WIDTH, HEIGHT, PHONE = 1000, 700, 360
SECONDS = 120

# The page in a frame as wide as a phone, as headless windows have a least width; what it measures becomes the title.
FRAME = """<!DOCTYPE html><html><body style="margin:0;background:#888">
<iframe id="f" style="border:0;display:block;width:{width}px;height:{height}px" srcdoc="{page}"></iframe>
<script>
var f = document.getElementById('f');
f.onload = function () {{
	var d = f.contentDocument, root = d.documentElement, bar = d.getElementById('filter');
	var all = d.querySelectorAll('#events .event'), out = {{height: root.scrollHeight, wide: [root.scrollWidth, root.clientWidth]}};
	if ({probe}) {{
		d.querySelectorAll('details').forEach(function (e) {{ e.open = true; }});
		out.open = [root.scrollWidth, root.clientWidth];
		out.filter = !bar || !bar.hidden;
		out.events = all.length;
		if (bar) {{
			d.getElementById('filter-text').value = 'vmlinuz';
			d.getElementById('filter-text').dispatchEvent(new Event('input'));
		}}
	}}
	setTimeout(function () {{
		out.shown = Array.prototype.filter.call(all, function (e) {{ return !e.hidden; }}).length;
		document.title = JSON.stringify(out);
	}}, 500);
}};
</script></body></html>"""


class Browser:
    def __init__(self, program: str, scratch: Path) -> None:
        self.program, self.scratch, self.n = program, scratch, 0

    def run(self, page: Path, *flags: str) -> str:
        self.n += 1
        profile = self.scratch / f"profile-{self.n}"
        command = [self.program, *FLAGS, f"--user-data-dir={profile}", *flags, page.as_uri()]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True) as process:
            try:
                return process.communicate(timeout=SECONDS)[0].decode()
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # this browser's own processes
                return ""

    def shoot(self, page: Path, picture: Path, width: int, height: int, *flags: str) -> None:
        picture.unlink(missing_ok=True)
        self.run(page, f"--window-size={width},{height}", f"--screenshot={picture}", *flags)

    def probe(self, page: Path, width: int) -> dict[str, Any]:
        frame = self.frame(page, width, HEIGHT, True)
        title = self.run(frame, "--window-size=1400,900", "--dump-dom").partition("<title>")[2].partition("</title>")[0]
        found: dict[str, Any] = json.loads(html.unescape(title)) if title.startswith("{") else {}
        return found

    def frame(self, page: Path, width: int, height: int, probe: bool) -> Path:
        frame = self.scratch / f"frame-{page.stem}-{width}-{probe}.html"
        text = html.escape(page.read_text(), quote=True)
        frame.write_text(FRAME.format(width=width, height=height, page=text, probe="true" if probe else "false"))
        return frame


class Picture:
    """A PNG of 8 bits a sample, as Chromium writes it, row by row (PNG, 9)."""

    def __init__(self, path: Path) -> None:
        data, offset, packed, colour = path.read_bytes(), 8, b"", 0
        while offset < len(data):
            size, kind = struct.unpack(">I4s", data[offset : offset + 8])
            content = data[offset + 8 : offset + 8 + size]
            if kind == b"IHDR":
                self.width, self.height, _, colour = struct.unpack(">IIBB", content[:10])
            if kind == b"IDAT":
                packed += content
            offset += 12 + size
        self.step = {2: 3, 6: 4}[colour]
        self.rows: list[bytes] = []
        self.unfilter(zlib.decompress(packed))

    def unfilter(self, raw: bytes) -> None:
        n, step = self.width * self.step, self.step
        above = bytes(n)
        for start in range(0, len(raw), n + 1):
            kind, row = raw[start], bytearray(raw[start + 1 : start + 1 + n])
            if kind == 2:
                row = bytearray((a + b) & 255 for a, b in zip(row, above))
            elif kind:
                for i in range(n):
                    left, corner = (row[i - step], above[i - step]) if i >= step else (0, 0)
                    row[i] = (row[i] + self.predict(kind, left, above[i], corner)) & 255
            above = bytes(row)
            self.rows.append(above)

    @staticmethod
    def predict(kind: int, left: int, up: int, corner: int) -> int:
        if kind == 1:
            return left
        if kind == 3:
            return (left + up) // 2
        distances = [abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)]
        return (left, up, corner)[distances.index(min(distances))]

    def colours(self, width: int) -> Counter[bytes]:
        """Of the leftmost columns, with how many points have them."""
        return Counter(row[i : i + 3] for row in self.rows for i in range(0, width * self.step, self.step))


def look(r: Runner, browser: Browser, page: Path, folder: Path) -> None:
    name = page.stem
    pictures = {mode: folder / f"{name}-{mode}.png" for mode in ("light", "dark", "phone")}
    browser.shoot(page, pictures["light"], WIDTH, HEIGHT)
    browser.shoot(page, pictures["dark"], WIDTH, HEIGHT, DARK)
    browser.shoot(browser.frame(page, PHONE, HEIGHT, False), pictures["phone"], 500, HEIGHT)
    for mode, path in pictures.items():
        if not path.exists():
            r.check(f"{name}, {mode}", False, "no picture")
            continue
        picture = Picture(path)
        r.check(f"{name}, {mode}: size", picture.height == HEIGHT, f"{picture.width}x{picture.height}")
        colours = picture.colours(PHONE if mode == "phone" else WIDTH)
        r.check(f"{name}, {mode}: something is there", len(colours) > 30, f"{len(colours)} colours")
        bright = sum(colours.most_common(1)[0][0]) / 765
        r.check(f"{name}, {mode}: background", bright < 0.3 if mode == "dark" else bright > 0.8, f"{bright:.2f}")
    for width in (PHONE, 768, 1280):
        found = browser.probe(page, width)
        wide = [found.get(key, [1, 0]) for key in ("wide", "open")]
        r.check(f"{name}, {width} pixels: nothing is wider", all(w <= c == width for w, c in wide), str(found))
        r.check(f"{name}, {width} pixels: the script runs", found.get("filter") is True, str(found))
        r.check(f"{name}, {width} pixels: height", found.get("height", 0) > 800, str(found))
        if width == 1280 and found:
            r.check(f"{name}: the filter", found["events"] == 0 or found["shown"] < found["events"], str(found))
            browser.shoot(page, folder / f"{name}-whole.png", 1280, min(found["height"] + 40, 16000))
    tall = browser.probe(page, PHONE).get("height", HEIGHT)
    browser.shoot(browser.frame(page, PHONE, min(tall, 16000), False), folder / f"{name}-phone-whole.png", 500, min(tall, 16000))


def policy(r: Runner, browser: Browser, page: Path) -> None:
    """The browser obeys the page's policy: what is not of the page does not run, even where it got into the markup."""
    bad = page.with_name("injected.html")
    injected = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"><style>body{display:none}</style>"
    for what, text in (("injected", page.read_text()), ("control", page.read_text().replace("Content-Security-Policy", "X-Nothing"))):
        bad.write_text(text.replace("</main>", injected + "</main>"))
        owned = "<title>owned</title>" in browser.run(bad, "--dump-dom")
        r.check(f"policy: {what}", owned == (what == "control"))


def make_pages(r: Runner) -> list[Path]:
    events = [*BOOT, *((9, IPL, f"/usr/lib/modules/6.8.0/kernel/drivers/module-{i:03}.ko".encode()) for i in range(60))]
    wanted = {
        "proof": [PROOF],
        "contradicted": [r.file("contradicted.json", changed(1, json.dumps({"type": HOSTILE, "name": "x" * 300})))],
        "log": [r.file("boot.bin", tcg_log(events))],
        "comparison": [PROOF, OTHER],
        "boots": [str(ROOT / f"tests/cases/{name}/proof.json") for name in ("boot-good", "boot-rogue")],
    }
    paths = []
    for name, files in wanted.items():
        paths.append(r.scratch / f"{name}.html")
        r.run("--html", str(paths[-1]), *files)
    return paths


def main() -> int:
    build = Path(sys.argv[1]).resolve()
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        print("screenshots: SKIPPED: there is no chromium (.ci/packages screenshots)")
        print("screenshots: 0 passed, 0 failed")
        return 0
    folder = build / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        r = Runner([str(build / "attest-inspect")], Path(scratch))
        browser = Browser(program, Path(scratch))
        pages = make_pages(r)
        for page in pages:
            look(r, browser, page, folder)
        policy(r, browser, pages[0])
    print(f"pictures: {folder}")
    print(f"screenshots: {r.passed} passed, {r.failed} failed")
    return 1 if r.failed else 0


if __name__ == "__main__":
    sys.exit(main())
