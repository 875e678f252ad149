"""Matplotlib figures to small, deterministic SVG that needs no style attribute.

The page's Content-Security-Policy admits only the page's own style sheet, so Matplotlib's
``style="..."`` attributes are rewritten as presentation attributes.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib import style as mpl_style
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

RC: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a "$" in a label is a dollar sign
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#5B6570",
    "axes.labelcolor": "#1B2733",
    "text.color": "#1B2733",
    "xtick.color": "#3D4853",
    "ytick.color": "#3D4853",
    "axes.axisbelow": True,
    "axes.linewidth": 0.8,
}


style = mpl_style.context(["default", RC])
"""Decorator of every function that draws: the report's look, whatever the user's own settings."""


_NAME = re.compile(r'(\bid="|href="#|url\(#)')


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure of the report's style, in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(figure)
    return figure, figure.subplots()


def svg_text(figure: Figure, name: str) -> str:
    """The figure as an SVG element for inlining; ids start with ``name`` so that none clash."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}), any_glyph():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>", "", text, flags=re.DOTALL)
    text = re.sub(r'\s(?:xmlns(?::xlink)?)="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(r' style="([^"]*)"', _presentation, text)
    prefix = re.sub(r"[^a-z0-9]+", "-", name.lower())
    text = own_names(text, prefix)
    return re.sub(r"\n\s*", "\n", text).strip()


@contextmanager
def any_glyph() -> Iterator[None]:
    """Labels may be in any script: an SVG leaves the glyphs to the reader's own fonts."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def label_text(text: str, longest: int = 44) -> str:
    """A label on one line, shortened in the middle."""
    line = " ".join(text.split())
    half = longest // 2
    return line if len(line) <= longest else f"{line[: half - 1]}…{line[-half:]}"


def _presentation(match: re.Match[str]) -> str:
    """``style="fill: red"`` as ``fill="red"``; the page's style sheet sets the typeface."""
    pairs = [item.split(":", 1) for item in match.group(1).split(";") if ":" in item]
    kept = [(key.strip(), value.strip()) for key, value in pairs if key.strip() != "font-family"]
    return "".join(f' {key}="{value}"' for key, value in kept)


def own_names(svg: str, prefix: str) -> str:
    """A drawing whose names, and what refers to them, bear a prefix: pages hold several alike.

    >>> own_names('<g id="a"><use xlink:href="#a" clip-path="url(#a)"/></g>', "brain")
    '<g id="brain-a"><use xlink:href="#brain-a" clip-path="url(#brain-a)"/></g>'
    """
    return _NAME.sub(rf"\g<1>{prefix}-", svg)
