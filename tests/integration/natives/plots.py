# /// script
# dependencies = ["matplotlib"]
# ///
"""matplotlib without a screen: FreeType, Agg, its data files."""

import io

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
from PIL import Image

figure, axes = plt.subplots(figsize=(3, 2))
axes.plot([1, 2, 3], label=r"$\alpha_1$")
axes.set_title("Ünï")
axes.legend()
for kind in ("png", "svg", "pdf"):
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind)
    print(kind, buffer.getvalue()[:4])
    if kind == "png":
        print(Image.open(buffer).size, Image.open(buffer).convert("L").histogram()[255] > 1000)
