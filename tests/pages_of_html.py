"""A page of HTML taken apart, for tests: its tags, attributes and text; a tag that is not closed is an error."""

from __future__ import annotations

from html.parser import HTMLParser

__all__ = ["Parsed"]

VOID = {"meta", "img", "source", "br", "hr", "link", "input"}


class Parsed(HTMLParser):
    """The tags of a page in order, with their attributes, and all its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.starts: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text = ""
        self.sections: dict[str, str] = {}
        self._open: list[str] = []
        self._section = ""
        self.feed(text)
        self.close()
        assert not self._open, f"{self._open} are not closed"

    @property
    def tags(self) -> set[str]:
        """The tags that occur."""
        return {tag for tag, _ in self.starts}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.starts.append((tag, attrs))
        if tag == "section":
            self._section = str(dict(attrs)["id"])
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._section:
            self.sections[self._section] = self.sections.get(self._section, "") + data
