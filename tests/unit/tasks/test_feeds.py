"""Catalogue feeds as they are, and as they should not be."""

import pytest

from stagework.tasks.meta_catalog_ad.feeds import FeedError, products

RSS = b"""<?xml version="1.0"?>
<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel>
  <title>Shop</title><link>https://shop.example.org</link>
  <item>
    <g:id>S1</g:id><g:title><![CDATA[Shoes & more]]></g:title><g:price>9.99 EUR</g:price>
    <g:image_link>https://p.example.org/s1.png</g:image_link>
    <g:image_link>https://p.example.org/second.png</g:image_link>
    <!-- sold out -->
    <description>Red</description>
  </item>
  <item><g:id>S2</g:id></item>
</channel></rss>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">
  <entry><g:id>A1</g:id><title>Hat</title><link href="https://shop.example.org/a1"/></entry>
</feed>"""
SHOES = {
    "id": "S1",
    "title": "Shoes & more",
    "price": "9.99 EUR",
    "image_link": "https://p.example.org/s1.png",
    "description": "Red",
}


def test_rss_and_atom_are_flat_products() -> None:
    assert products(RSS, "auto") == [SHOES, {"id": "S2"}]
    atom = {"id": "A1", "title": "Hat", "link": "https://shop.example.org/a1"}
    assert products(b"\xef\xbb\xbf\n" + ATOM, "auto") == [atom]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_csv_comes_with_any_delimiter_quotes_and_lines_within(delimiter: str) -> None:
    rows = ["id,title,price", 'S1,"Two\nlines ""quoted""",9', "S2,,", "S3"]
    feed = "\n".join(rows).replace(",", delimiter)
    assert products(feed.encode(), "auto") == [
        {"id": "S1", "title": 'Two\nlines "quoted"', "price": "9"},
        {"id": "S2", "title": "", "price": ""},
        {"id": "S3", "title": "", "price": ""},
    ]


def test_a_mark_of_order_a_line_on_the_version_and_prefixes_are_left_out() -> None:
    feed = "\ufeff# ref: v2\ng:id, g:title \nS1,신발,\n"
    assert products(feed.encode(), "csv") == [{"id": "S1", "title": "신발"}]


BOMB = b"""<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>
<rss><item><id>&b;</id></item></rss>"""
OUTSIDE = b"""<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<rss><item><id>&a;</id></item></rss>"""


@pytest.mark.parametrize(
    ("feed", "why"),
    [
        (BOMB, "never parsed: DTDForbidden"),
        (OUTSIDE, "never parsed: DTDForbidden"),
        (b"<rss><item>", "no well-formed XML"),
        (b"<html><body/></html>", "without any item"),
        (b'<?xml version="1.0" encoding="none-such"?><rss/>', "encoding|well-formed"),
        (b"just a line", "neither XML nor CSV"),
        (b"", "neither XML nor CSV"),
        (b"id,title\n\xff\xfe,x", "not UTF-8"),
        (b'id,title\nS1,"never closed', "of the feed: unexpected end"),
        (b"id,title\nS1," + b"x" * 140_000, "of the feed: field larger"),
    ],
)
def test_what_is_no_feed_says_why(feed: bytes, why: str) -> None:
    with pytest.raises(FeedError, match=why):
        products(feed, "auto")
