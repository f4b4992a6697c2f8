import datetime
import io
import re
import zipfile

import docx
import fpdf
import openpyxl
import pptx
import pygal
import qrcode
import xlsxwriter
from openpyxl.chart import BarChart, Reference
from reportlab.graphics.barcode import code128
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate

book = openpyxl.Workbook()
sheet = book.active
for row in (["a", "b"], [1, 2], [3, "=SUM(A2:B2)"]):
    sheet.append(row)
chart = BarChart()
chart.add_data(Reference(sheet, min_col=1, min_row=1, max_row=3), titles_from_data=True)
sheet.add_chart(chart, "D1")
book.save("a.xlsx")
print([[cell.value for cell in row] for row in openpyxl.load_workbook("a.xlsx").active.rows])

with xlsxwriter.Workbook("b.xlsx") as other:
    other.add_worksheet("Sheet").write_row(0, 0, ["x", 1.5], other.add_format({"bold": True}))
print(openpyxl.load_workbook("b.xlsx")["Sheet"]["B1"].value)

pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))
style = getSampleStyleSheet()["BodyText"]
style.fontName = "Vera"
buffer = io.BytesIO()
SimpleDocTemplate(buffer, pagesize=A4, invariant=1, pageCompression=0).build(
    [Paragraph("Hallo Wörld", style), code128.Code128("abc")]
)
print(sorted(set(re.findall(rb"/BaseFont /([\w+-]+)", buffer.getvalue()))), len(buffer.getvalue()))

document = docx.Document()
document.add_heading("Title", 1)
document.add_paragraph("text", style="List Bullet")
document.save("a.docx")
print([(p.style.name, p.text) for p in docx.Document("a.docx").paragraphs])

deck = pptx.Presentation()
deck.slides.add_slide(deck.slide_layouts[0]).shapes.title.text = "Slide"
deck.save("a.pptx")
print([shape.name for shape in pptx.Presentation("a.pptx").slides[0].shapes], len(zipfile.ZipFile("a.pptx").namelist()))

line = pygal.Line(js=[], no_prefix=True)
line.add("x", [1, 2, 3])
print(len(line.render(disable_xml_declaration=True)) > 5000, pygal.style.styles["dark"].__name__)
code = qrcode.QRCode()
code.add_data("castiron")
out = io.StringIO()
code.print_ascii(out)
print(out.getvalue())
pdf = fpdf.FPDF()
pdf.set_creation_date(datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC))
pdf.add_page()
pdf.set_font("helvetica", size=12)
pdf.cell(text="hello")
print(len(pdf.output()) > 500)
