"""Time of 81 renders of a head, beside VTK drawing the same views and lamps, in one run.

    OMP_NUM_THREADS=1 python benchmarks/bench_render.py [--repeats 3] [--triangles 880000]

The head is a synthetic one, whose triangles are split until there are as many as asked for. Both
tools make the ``mayo2024`` protocol: nine cameras, nine lamps each, 224 pixels, from twice as many
rays or pixels along each edge. Every line is measured in a process of its own, on one thread, after
one warm-up; times are medians of CPU seconds, memory is the process's peak. VTK draws offscreen by
the processor (Mesa), which needs no display; where that or the package is missing it is skipped.
Its shading is plainer (one diffuse lamp and ambient light): that the same thing is drawn is checked
by the overlap of the silhouettes and the correlation of the grey levels inside them.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from measuring import in_fresh_process, machine, peak_megabytes, record
from numpy.typing import NDArray

from headrisk.face.render.cast import open_scene
from headrisk.face.render.protocols import mayo2024_protocol, render_scene
from headrisk.heads.identity import draw_identity, neutral, pose_head
from headrisk.heads.mesh import Mesh
from headrisk.heads.shapes import load_shapes
from headrisk.heads.view import direction

PIXELS, SUPERSAMPLE = 224, 2
TARGET_SECONDS = 3.0
LINES = {"headrisk": "embreex", "VTK": "vtk"}


def make_head(triangles: int) -> Mesh:
    """A synthetic head of so many triangles; those nearest the front are split first."""
    shapes = load_shapes(2)
    identity = draw_identity(shapes, np.random.default_rng(0))
    mesh = pose_head(shapes, identity, expression=neutral(shapes, eyes_closed=1.0))
    while 4 * len(mesh.triangles) <= triangles:
        mesh = split(mesh, len(mesh.triangles))
    return split(mesh, max((triangles - len(mesh.triangles)) // 3, 0))


def split(mesh: Mesh, count: int) -> Mesh:
    """Each of the ``count`` foremost triangles becomes four of the same surface."""
    depth = mesh.vertices[mesh.triangles, 1].mean(axis=1)
    order = np.argsort(-depth, kind="stable")
    chosen, rest = mesh.triangles[order[:count]], mesh.triangles[order[count:]]
    sides = np.stack([chosen, np.roll(chosen, -1, axis=1)], axis=-1).reshape(-1, 2)
    edges, number = np.unique(np.sort(sides, axis=1), axis=0, return_inverse=True)
    middle = (number.reshape(-1, 3) + len(mesh.vertices)).astype(np.int32)
    points = np.concatenate([mesh.vertices, mesh.vertices[edges].mean(axis=1)])
    parts = [np.stack([chosen[:, k], middle[:, k], middle[:, k - 1]], axis=1) for k in range(3)]
    return Mesh(points.astype(np.float32), np.concatenate([*parts, middle, rest]).astype(np.int32))


def draw_with_headrisk(mesh: Mesh) -> tuple[NDArray[np.uint8], float]:
    """Tree of boxes and 81 renders, as one scan costs; CPU seconds of all of them."""
    start = time.process_time()
    drawn = render_scene(open_scene(mesh), mayo2024_protocol(), PIXELS, SUPERSAMPLE)
    return drawn, time.process_time() - start


def draw_with_vtk(mesh: Mesh) -> tuple[NDArray[np.uint8], float]:
    """The first view's lamps drawn by VTK, larger and then averaged; CPU seconds of all views."""
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy

    start = time.process_time()
    points, cells, body = vtk.vtkPoints(), vtk.vtkCellArray(), vtk.vtkPolyData()
    points.SetData(numpy_to_vtk(mesh.vertices, deep=True))
    count = len(mesh.triangles)
    flat = np.column_stack([np.full(count, 3), mesh.triangles]).astype(np.int64).ravel()
    cells.SetCells(count, numpy_to_vtkIdTypeArray(flat, deep=True))
    body.SetPoints(points)
    body.SetPolys(cells)
    normals, mapper, actor = vtk.vtkPolyDataNormals(), vtk.vtkPolyDataMapper(), vtk.vtkActor()
    normals.SetInputData(body)
    normals.SplittingOff()
    normals.Update()
    ready = time.process_time()
    mapper.SetInputConnection(normals.GetOutputPort())
    actor.SetMapper(mapper)
    actor.GetProperty().SetInterpolationToPhong()
    actor.GetProperty().SetAmbient(0.25)
    stage, window = vtk.vtkRenderer(), vtk.vtkRenderWindow()
    stage.AddActor(actor)
    stage.AutomaticLightCreationOff()
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(0)
    window.SetSize(PIXELS * SUPERSAMPLE, PIXELS * SUPERSAMPLE)
    window.AddRenderer(stage)
    pictures = []
    views = mayo2024_protocol().views
    for camera, lights in views[:1]:
        eye = stage.GetActiveCamera()
        eye.SetPosition(*camera.position())
        eye.SetFocalPoint(*camera.look_at)
        eye.SetViewUp(*camera.axes()[1])
        eye.SetViewAngle(camera.field_of_view)
        stage.ResetCameraClippingRange()
        for light in lights:
            lamp = vtk.vtkLight()
            lamp.SetLightTypeToSceneLight()
            lamp.PositionalOff()
            lamp.SetFocalPoint(0, 0, 0)
            lamp.SetPosition(*(1000 * direction(light.azimuth, light.elevation)))
            stage.RemoveAllLights()
            stage.AddLight(lamp)
            window.Render()
            grab = vtk.vtkWindowToImageFilter()
            grab.SetInput(window)
            grab.ReadFrontBufferOff()
            grab.Update()
            data = vtk_to_numpy(grab.GetOutput().GetPointData().GetScalars())
            edge = PIXELS * SUPERSAMPLE
            fine = data.reshape(edge, edge, -1)[::-1, :, 0].astype(np.float32)
            blocks = fine.reshape(PIXELS, SUPERSAMPLE, PIXELS, SUPERSAMPLE)
            pictures.append(blocks.mean(axis=(1, 3)).round().astype(np.uint8))
    each = time.process_time() - ready
    return np.stack(pictures), ready - start + len(views) * each


def measure(line: str, triangles: int, repeats: int, pictures: Path) -> dict[str, Any]:
    """Median CPU seconds of 81 renders by one tool, and its peak memory."""
    mesh = make_head(triangles)
    draw = draw_with_headrisk if line == "headrisk" else draw_with_vtk
    times = []
    for repeat in range(repeats + 1):
        drawn, seconds = draw(mesh)
        if repeat or not repeats:
            times.append(seconds)
    np.save(pictures, drawn)
    return {
        "line": line,
        "seconds": float(np.median(times)),
        "memory_mb": peak_megabytes(),
        "triangles": len(mesh.triangles),
        "renders": len(drawn),
    }


def likeness(ours: NDArray[np.uint8], theirs: NDArray[np.uint8]) -> tuple[float, float]:
    """Overlap of the silhouettes, and correlation of the grey levels where both drew something."""
    both, either = (ours > 8) & (theirs > 8), (ours > 8) | (theirs > 8)
    return float(both.sum() / either.sum()), float(np.corrcoef(ours[both], theirs[both])[0, 1])


def main() -> None:
    """Measure both tools and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--triangles", type=int, default=880_000)
    parser.add_argument("--line", help=argparse.SUPPRESS)
    parser.add_argument("--pictures", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.line:
        words = (arguments.line, arguments.triangles, arguments.repeats, arguments.pictures)
        print(json.dumps(measure(*words)))
        return
    print(", ".join(machine().values()))
    rows: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        for line, package in LINES.items():
            if importlib.util.find_spec(package) is None:
                print(f"{line}: skipped, the package {package} is not installed.")
                continue
            repeats = arguments.repeats if line == "headrisk" else min(arguments.repeats, 1)
            place = Path(name) / f"{line}.npy"
            words = ["--triangles", arguments.triangles, "--repeats", repeats, "--pictures", place]
            found = in_fresh_process(__file__, line, words)
            if found is not None:
                rows[line] = {**found, "pictures": np.load(place)}
    show(rows)


def show(rows: dict[str, dict[str, Any]]) -> None:
    """Print times, ratios, whether the target is met, and how alike the pictures are."""
    if "headrisk" not in rows:
        raise SystemExit("headrisk drew nothing")
    base = rows["headrisk"]
    print(f"{base['renders']} renders of {PIXELS} px from {base['triangles']:,} triangles")
    print(f"{'tool':12}{'CPU s':>10}{'ratio':>10}{'MB':>10}")
    for line, row in rows.items():
        ratio = row["seconds"] / base["seconds"]
        print(f"{line:12}{row['seconds']:>10.2f}{ratio:>10.1f}{row['memory_mb']:>10.0f}")
    ratios = {
        f"81 renders over {line}": base["seconds"] / row["seconds"]
        for line, row in rows.items()
        if line != "headrisk"
    }
    record(__file__, ratios, {f"{line}, CPU s": row["seconds"] for line, row in rows.items()})
    met = "met" if base["seconds"] <= TARGET_SECONDS else "MISSED"
    print(f"target: at most {TARGET_SECONDS:g} s on one core: {met}")
    if "VTK" in rows:
        theirs = rows["VTK"]["pictures"]
        overlap, alike = likeness(base["pictures"][: len(theirs)], theirs)
        print(f"silhouettes overlap by {overlap:.3f}; grey levels correlate by {alike:.2f}")


if __name__ == "__main__":
    main()
