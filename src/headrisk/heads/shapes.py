"""The shape model of synthetic heads that the package ships, and its subdivision."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, partial
from importlib import resources
from importlib.resources.abc import Traversable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headrisk.io.weights import Arrays, read_archive
from headrisk.types import Float32Array, FloatArray, IntArray

# ----------------------------------------------------------------------
# Catmull-Clark subdivision of closed quad meshes as a matrix, and the sphere of an eyeball.
# ----------------------------------------------------------------------

Quads = NDArray[np.int64]


def catmull_clark(quads: Quads, count: int) -> tuple[sparse.csr_array, Quads]:
    """One step of Catmull and Clark (1978): every quad becomes four.

    Parameters
    ----------
    quads
        (m, 4) vertices of a closed surface, every edge of which two quads share.
    count
        Number of vertices; those in no quad get an empty row.

    Returns
    -------
    matrix
        (count + edges + m, count): new vertices from old ones, in the order vertex, edge and
        face points. Its rows that are not empty sum to 1.
    quads
        (4 m, 4), with the orientation of the old ones.
    """
    sides = np.stack([quads, np.roll(quads, -1, axis=1)], axis=2).reshape(-1, 2)
    edges, edge_of_side = np.unique(np.sort(sides, axis=1), axis=0, return_inverse=True)
    edge_of_side = edge_of_side.reshape(len(quads), 4)
    n_edges, n_faces = len(edges), len(quads)
    face = _rows(np.repeat(np.arange(n_faces), 4), quads.ravel(), 0.25, (n_faces, count))
    around = _rows(edge_of_side.ravel(), np.repeat(np.arange(n_faces), 4), 0.25, (n_edges, n_faces))
    ends = _rows(np.repeat(np.arange(n_edges), 2), edges.ravel(), 0.25, (n_edges, count))
    middle = 2 * ends
    edge = ends + around @ face
    valence = np.bincount(quads.ravel(), minlength=count)
    scale = sparse.diags_array(1 / np.maximum(valence, 1))
    faces_of = _rows(quads.ravel(), np.repeat(np.arange(n_faces), 4), 1.0, (count, n_faces))
    edges_of = _rows(edges.ravel(), np.repeat(np.arange(n_edges), 2), 1.0, (count, n_edges))
    own = sparse.diags_array(np.where(valence > 0, (valence - 3) / np.maximum(valence, 1), 0.0))
    vertex = scale @ scale @ (faces_of @ face + 2 * edges_of @ middle) + own
    matrix = sparse.vstack([vertex, edge, face]).tocsr()
    at_edge, at_face = count + edge_of_side, count + n_edges + np.arange(n_faces)[:, None]
    finer = [
        np.stack([quads[:, k], at_edge[:, k], at_face[:, 0], at_edge[:, k - 1]], axis=1)
        for k in range(4)
    ]
    return sparse.csr_array(matrix), np.concatenate(finer)


def subdivide(quads: Quads, count: int, levels: int) -> tuple[sparse.csr_array, Quads]:
    """Several steps at once, without the vertices that belong to no quad."""
    used, compact = np.unique(quads, return_inverse=True)
    quads = compact.reshape(quads.shape)
    matrix = _rows(np.arange(len(used)), used, 1.0, (len(used), count))
    for _ in range(levels):
        step, quads = catmull_clark(quads, matrix.shape[0])
        matrix = step @ matrix
    return sparse.csr_array(matrix.astype(np.float32)), quads


def as_triangles(quads: Quads) -> NDArray[np.int32]:
    """Two triangles for each quad, with its orientation."""
    halves = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    return halves.astype(np.int32)


def unit_ball(rings: int, sectors: int) -> tuple[FloatArray, NDArray[np.int32]]:
    """A closed unit sphere whose pole is +y, with rings that lie closer near that pole."""
    polar = np.pi * np.linspace(0, 1, rings + 1)[1:-1] ** 1.4
    azimuth = 2 * np.pi * np.arange(sectors) / sectors
    ring = np.stack([np.sin(azimuth), np.zeros(sectors), np.cos(azimuth)], axis=1)
    points = np.sin(polar)[:, None, None] * ring
    points[..., 1] = np.cos(polar)[:, None]
    vertices = np.concatenate([points.reshape(-1, 3), [[0, 1, 0], [0, -1, 0]]])
    front, back = len(vertices) - 2, len(vertices) - 1
    here, after = np.arange(sectors), np.roll(np.arange(sectors), -1)
    triangles = [np.stack([np.full(sectors, front), here, after], axis=1)]
    for k in range(rings - 2):
        a, b = k * sectors + here, k * sectors + after
        triangles += [np.stack([a, a + sectors, b], axis=1)]
        triangles += [np.stack([b, a + sectors, b + sectors], axis=1)]
    last = (rings - 2) * sectors
    triangles.append(np.stack([np.full(sectors, back), last + after, last + here], axis=1))
    return vertices, np.concatenate(triangles).astype(np.int32)


def _rows(
    rows: IntArray, columns: IntArray, value: float, shape: tuple[int, int]
) -> sparse.csr_array:
    return sparse.csr_array((np.full(len(rows), value), (rows, columns)), shape=shape)


# ----------------------------------------------------------------------
# The shape model of synthetic heads that the package ships.
# ----------------------------------------------------------------------

LEVELS = 2  # subdivision steps: about 1.3 mm between the vertices of a face
IRIS_DEG, PUPIL_DEG = 26.0, 10.0  # polar angle of their rims, seen from the eyeball's centre
_BALL_RINGS, _BALL_SECTORS = 24, 32


@dataclass(frozen=True)
class HeadShapes:
    """A linear model of head shape: mean, modes of identity and modes of expression.

    The control mesh is coarse; the surface comes from it by Catmull-Clark subdivision. All points
    are RAS+ mm of an upright head in the space of the template brain (ICBM 152 2009a symmetric),
    so they are about 9 % larger than life; see ``imaging.phantom.PhantomSettings.head_scale``.
    Vertices of the surface are those of the skin, then of the eyeballs on the -x and +x side.

    Attributes
    ----------
    control
        (c, 3) control points of the mean head: half way between the sexes and between young and
        old, with equal shares of three ancestries, eyes open.
    modes
        (k, 3 c) sparse displacement in mm by each mode at strength 1.
    names
        The modes: macro shapes, local targets of identity, units of expression.
    macro, local, expression
        Which rows of ``modes`` these are.
    mean_weights
        (k,) the weight of each macro shape that ``control`` already holds.
    subdivision
        (s, c) sparse: skin vertices from control points.
    triangles
        (m, 3) int32 of skin and eyeballs together, counter-clockwise seen from outside.
    regions
        Name to (v,) float32 soft labels 0..1: face, lips, eyelid, eyebrow, forehead, nose, cheek,
        chin, ear, scalp, neck, beard, mouth_inside, socket, eyeball, iris, pupil. They overlap:
        ``face`` is all skin from hairline to chin, from ear to ear.
    control_regions
        The same for control points, eyeballs left out.
    reference
        (v, 3) coordinates that stay with the skin whatever the shape, for solid textures: the
        mean head's position in mm; on an eyeball, position on the unit sphere, pupil at +y.
    ball
        (b, 3) unit sphere of one eyeball.
    eye_rows
        The control points that show where the eyeballs on the -x and the +x side are.
    cover
        Distance from ``cover_centre`` to where skin covers the template brain, mm; elevations
        -90..90 by azimuths -180..180 deg, azimuth 0 towards +y and 90 towards +x.
    """

    control: FloatArray = field(repr=False)
    modes: sparse.csr_array = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    macro: slice
    local: slice
    expression: slice
    mean_weights: FloatArray = field(repr=False)
    subdivision: sparse.csr_array = field(repr=False)
    triangles: NDArray[np.int32] = field(repr=False)
    regions: dict[str, Float32Array] = field(repr=False)
    control_regions: dict[str, Float32Array] = field(repr=False)
    reference: Float32Array = field(repr=False)
    ball: FloatArray = field(repr=False)
    eye_rows: tuple[slice, slice]
    cover: Float32Array = field(repr=False)
    cover_centre: FloatArray = field(repr=False)

    @property
    def skin_count(self) -> int:
        """How many of the surface's vertices are skin; the eyeballs follow."""
        return int(self.subdivision.shape[0])


@cache
def load_shapes(levels: int = LEVELS) -> HeadShapes:
    """Read the shipped model. Later calls return the same arrays; do not write to them.

    Parameters
    ----------
    levels
        Subdivision steps: 0, 1 or 2 for about 9, 35 or 141 thousand triangles.

    Raises
    ------
    StoreError
        The file is missing, or its SHA-256 is not the recorded one.
    """
    return read_shapes(resources.files("headrisk.heads") / "data", levels)


def read_shapes(folder: Traversable, levels: int = LEVELS) -> HeadShapes:
    """Read ``head_shapes.npz`` of a folder after comparing it with its ``.sha256`` file.

    Raises
    ------
    StoreError
        A file is missing, or the SHA-256 of the archive is not the recorded one.
    """
    return read_archive(
        folder, "head_shapes.npz", "headrisk.heads", "shape", partial(_assemble, levels=levels)
    )


def _assemble(stored: Arrays, levels: int) -> HeadShapes:
    unit = float(stored["unit_mm"])
    control = stored["vertices"].astype(np.float64) * unit
    quads = stored["quads"].astype(np.int64)
    starts = stored["mode_start"].astype(np.int64)
    columns = 3 * stored["mode_index"].astype(np.int64)[:, None] + np.arange(3)
    values = stored["mode_delta"].astype(np.float32) * np.float32(unit)
    modes = sparse.csr_array(
        (values.ravel(), columns.ravel(), 3 * starts), shape=(len(starts) - 1, control.size)
    )
    ends = np.concatenate([[0], np.cumsum(stored["mode_counts"].astype(np.int64))])
    subdivision, quads = subdivide(quads, len(control), levels)
    ball, ball_triangles = unit_ball(_BALL_RINGS, _BALL_SECTORS)
    skin = subdivision.shape[0]
    triangles = [as_triangles(quads), ball_triangles + skin, ball_triangles + skin + len(ball)]
    weights = stored["regions"].astype(np.float32) / np.float32(255)
    control_regions = dict(zip(stored["region_names"].tolist(), weights, strict=True))
    left, right = (int(start) for start in stored["eye_start"].astype(np.int64))
    rows = (slice(left, right), slice(right, right + right - left))
    if control[rows[0], 0].mean() > 0:
        rows = (rows[1], rows[0])
    return HeadShapes(
        control=control,
        modes=modes,
        names=tuple(str(name) for name in stored["mode_names"].tolist()),
        macro=slice(int(ends[0]), int(ends[1])),
        local=slice(int(ends[1]), int(ends[2])),
        expression=slice(int(ends[2]), int(ends[3])),
        mean_weights=stored["mean_weights"].astype(np.float64),
        subdivision=subdivision,
        triangles=np.concatenate(triangles),
        regions=_surface_regions(control_regions, subdivision, ball),
        control_regions=control_regions,
        reference=np.concatenate([subdivision @ control, ball, ball]).astype(np.float32),
        ball=ball,
        eye_rows=rows,
        cover=stored["shell"].astype(np.float32) * np.float32(unit),
        cover_centre=stored["shell_centre"].astype(np.float64),
    )


def _surface_regions(
    control: dict[str, Float32Array], subdivision: sparse.csr_array, ball: FloatArray
) -> dict[str, Float32Array]:
    """Labels of the surface: those of the skin spread from control points, those of eyeballs."""
    none = np.zeros(2 * len(ball), dtype=np.float32)
    regions = {
        name: np.concatenate([(subdivision @ weight).astype(np.float32), none])
        for name, weight in control.items()
    }
    polar = np.rad2deg(np.arccos(np.clip(np.tile(ball[:, 1], 2), -1, 1)))
    skin = np.zeros(subdivision.shape[0])
    for name, limit in (("eyeball", 999.0), ("iris", IRIS_DEG), ("pupil", PUPIL_DEG)):
        regions[name] = np.concatenate([skin, polar <= limit]).astype(np.float32)
    return regions
