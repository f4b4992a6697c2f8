import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
from matplotlib import font_manager, mathtext
from wordcloud import STOPWORDS, WordCloud

matplotlib.rcParams["svg.hashsalt"] = "same"
print(len(plt.style.available), sorted(plt.style.available)[:3])
print(sorted(Path(path).name for path in font_manager.findSystemFonts(matplotlib.get_data_path())))
print(Path(font_manager.findfont("DejaVu Sans")).name, Path(font_manager.findfont("cmr10")).name)
with plt.style.context(["ggplot", "fast"]):
    figure, axes = plt.subplots(figsize=(4, 3))
    axes.plot([1, 2, 3], [1, 4, 9], label=r"$\sum_i x_i^2 \alpha$")
    axes.set_title("ä title", family="serif")
    axes.legend()
    for kind in ("svg", "png", "pdf"):
        figure.savefig(
            f"{sys.argv[1]}.{kind}", metadata={"svg": {"Date": None}, "png": None, "pdf": {"CreationDate": None}}[kind]
        )
cloud = WordCloud(width=200, height=100, random_state=1).generate("one two two three three three the and of " * 5)
print(sorted(cloud.words_.items()), len(STOPWORDS))
cloud.to_file("cloud.png")
print(mathtext.MathTextParser("path").parse(r"$\frac{1}{2}$").width > 0)
