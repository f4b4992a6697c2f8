# /// script
# dependencies = ["pillow"]
# ///
"""Round trips through the formats whose libraries the wheel brings, text, and broken input."""

import io

from PIL import Image, ImageDraw, ImageFilter, ImageFont, UnidentifiedImageError, features

for kind in ("PNG", "JPEG", "WEBP", "TIFF", "AVIF", "GIF", "BMP", "JPEG2000"):
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), (250, 10, 20)).save(buffer, kind)
    print(kind, Image.open(io.BytesIO(buffer.getvalue())).convert("RGB").getpixel((3, 3)))
image = Image.new("L", (80, 24))
ImageDraw.Draw(image).text((2, 2), "Hej", fill=255, font=ImageFont.load_default(14))
print(image.getbbox(), image.resize((40, 12), Image.Resampling.LANCZOS).filter(ImageFilter.BLUR).getbbox())
print({name: features.check(name) for name in ("freetype2", "littlecms2", "webp", "avif", "jpg", "zlib", "libtiff")})
try:
    Image.open(io.BytesIO(b"not an image"))
except UnidentifiedImageError:
    print("UnidentifiedImageError")
try:
    Image.open(io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"\0" * 20)).load()
except Exception as error:
    print(type(error).__name__)
