"""The page: what is the user's is escaped, nothing is loaded, and every tag is closed."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from pages_of_html import Parsed

from chainrule.report.page import Section, code, page, paragraph, picture, table

HOSTILE = "<img src=x onerror=alert(1)>&\"'"


def test_every_piece_escapes_what_it_is_given() -> None:
    body = paragraph(HOSTILE) + table([HOSTILE, HOSTILE], [[HOSTILE, HOSTILE]]) + code(HOSTILE)
    body += picture(b"<svg/>", b"<svg/>", HOSTILE)
    found = Parsed(page(HOSTILE, HOSTILE, [Section("data", HOSTILE, body)]))
    assert "script" not in found.tags
    assert [dict(attributes)["alt"] for tag, attributes in found.starts if tag == "img"] == [HOSTILE]
    assert not any(name.startswith("on") for _, attributes in found.starts for name, _ in attributes)
    # The title twice, the subtitle, the link, the heading, the paragraph, five cells with the label, code, caption.
    assert found.text.count(HOSTILE) >= 10


def test_the_page_asks_for_nothing() -> None:
    text = page("title", "subtitle", [Section("a", "A", picture(b"<svg/>", b"<svg/>", "a picture"))])
    found = Parsed(text)
    policy = next(
        dict(a)["content"]
        for tag, a in found.starts
        if tag == "meta" and ("http-equiv", "Content-Security-Policy") in a
    )
    assert policy.startswith("default-src 'none'")
    assert "http:" not in text
    assert "https:" not in text
    sources = [value for _, attributes in found.starts for name, value in attributes if name in ("src", "srcset")]
    assert len(sources) == 2
    assert all(str(source).startswith("data:image/svg+xml;base64,") for source in sources)
    assert not any(name == "href" and not str(value).startswith("#") for _, a in found.starts for name, value in a)


def test_links_lead_to_the_sections() -> None:
    found = Parsed(page("t", "s", [Section("one", "One", ""), Section("two", "Two", "")]))
    places = {value for _, attributes in found.starts for name, value in attributes if name == "id"}
    links = [
        str(value) for tag, attributes in found.starts for name, value in attributes if (tag, name) == ("a", "href")
    ]
    assert links == ["#one", "#two"]
    assert all(link[1:] in places for link in links)


@pytest.mark.parametrize("tone", ["", "good", "bad", "soft"])
def test_paragraphs_have_a_tone(tone: str) -> None:
    assert ("class" in paragraph("text", tone)) == bool(tone)
    assert isinstance(Parsed(paragraph("text", tone)), HTMLParser)
