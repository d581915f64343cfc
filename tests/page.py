"""What every page of attest-inspect --html must be: well-formed, whole by itself, and free of what the evidence would
like to put into it. Used by inspect.py and screenshots.py.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

VOID = {"meta", "br", "input"}
# All that the pages are made of. Anything else came from elsewhere.
TAGS = VOID | set(
    "html head title style body header footer main nav section div span p h1 h2 h3 h4 a b strong code ul ol li dl dt dd"
    " table thead tbody tr th td details summary label select option button output script".split()
)
ATTRIBUTES = set(
    "lang charset http-equiv content name class id href role scope aria-label aria-hidden data-pcr data-label open hidden"
    " value type autocomplete".split()
)


class Page(HTMLParser):
    """Reads a page strictly; what is wrong with it is in `errors`."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.errors: list[str] = []
        self.stack: list[str] = []
        self.count: dict[str, int] = {}
        self.ids: list[str] = []
        self.links: list[str] = []
        self.levels: list[int] = []
        self.meta: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.text = ""
        self.feed(html)
        self.close()
        self.judge(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1
        named = {name: value or "" for name, value in attrs}
        if tag not in TAGS:
            self.errors.append(f"<{tag}>")
        self.errors.extend(f"attribute {name} of <{tag}>" for name in named if name not in ATTRIBUTES)
        if len(named) != len(attrs):
            self.errors.append(f"an attribute twice in <{tag}>")
        if "id" in named:
            self.ids.append(named["id"])
        if "href" in named:
            self.links.append(named["href"])
        if tag == "meta":
            self.meta[named.get("http-equiv", named.get("name", "charset"))] = named.get("content", named.get("charset", ""))
        if tag == "th" and "scope" not in named:
            self.errors.append("<th> without scope")
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack.pop() != tag:
            self.errors.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        if self.stack:
            self.texts[self.stack[-1]] = self.texts.get(self.stack[-1], "") + data
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.errors.append(f"comment {data!r}")

    def unknown_decl(self, data: str) -> None:
        self.errors.append(f"declaration {data!r}")

    def judge(self, html: str) -> None:
        self.errors.extend(f"<{tag}> is not closed" for tag in self.stack)
        self.errors.extend(f"id {name} twice" for name in {i for i in self.ids if self.ids.count(i) > 1} if len(self.ids) < 2000)
        self.errors.extend(f"link to {link}" for link in self.links if not (link.startswith("#") and link[1:] in set(self.ids)))
        self.errors.extend(f"{n} <{tag}>" for tag, n in self.count.items() if tag in ("html", "title", "h1", "main", "style", "script") and n != 1)
        if not html.startswith('<!DOCTYPE html>\n<html lang="en">'):
            self.errors.append("no doctype or language")
        if any(after > before + 1 for before, after in zip(self.levels, self.levels[1:])):
            self.errors.append(f"heading levels {self.levels}")
        if "width=device-width" not in self.meta.get("viewport", "") or self.meta.get("charset") != "utf-8":
            self.errors.append("viewport or charset")
        if re.search(r"https?:|//\w|url\(|@import|\bsrc=", re.sub(r"sha256//", "", self.markup())):
            self.errors.append("it names something elsewhere")
        self.judge_policy()

    def markup(self) -> str:
        """What is not evidence: style and script. Texts may hold any address, as text."""
        return self.texts.get("style", "") + self.texts.get("script", "")

    def judge_policy(self) -> None:
        def source(tag: str) -> str:
            digest = hashlib.sha256(self.texts.get(tag, "").encode()).digest()
            return f"'sha256-{base64.b64encode(digest).decode()}'"

        wanted = (
            f"default-src 'none'; style-src {source('style')}; script-src {source('script')}; base-uri 'none'; form-action 'none'"
        )
        if self.meta.get("Content-Security-Policy") != wanted:
            self.errors.append(f"Content-Security-Policy: {self.meta.get('Content-Security-Policy')}")
