# /// script
# dependencies = ["lxml"]
# ///
"""XPath, XSLT, schemas, HTML, malformed input, callbacks from C."""

import lxml.etree as etree
import lxml.html
import lxml.objectify

tree = etree.XML("<a xmlns:x='u'><b n='1'>one</b><x:b n='2'>two</x:b></a>")
print(tree.xpath("//b/text()"), tree.xpath("//x:b/@n", namespaces={"x": "u"}), tree.xpath("count(//*)"))
sheet = etree.XML(
    '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">'
    '<o><xsl:value-of select="//b"/></o></xsl:template></xsl:stylesheet>'
)
print(str(etree.XSLT(sheet)(tree)))
for text in ("<a>", "<a><b></a>", "<a>&nope;</a>", ""):
    try:
        etree.XML(text)
    except etree.XMLSyntaxError as error:
        print("XMLSyntaxError", error)
schema = etree.RelaxNG(etree.XML('<element name="a" xmlns="http://relaxng.org/ns/structure/1.0"><text/></element>'))
print(schema.validate(etree.XML("<a>x</a>")), schema.validate(etree.XML("<b/>")))
print(lxml.html.fromstring("<p>one<br>two <a href='/z'>z</a>").make_links_absolute("http://h/") or "done")
space = etree.FunctionNamespace(None)
space["twice"] = lambda _, value: value * 2
print(tree.xpath("twice(21)"), lxml.objectify.fromstring("<r><n>5</n></r>").n + 1)
