"""What every recogniser offers, and what it makes of a face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from headrisk.face.detect.face import Pixels
from headrisk.types import FloatArray


@dataclass(frozen=True)
class FaceTemplate:
    """What a recogniser keeps of one face.

    Attributes
    ----------
    values
        The embedding (d,) float32, or the descriptors of n key points (n, d).
    score
        How sure the detector that found the face was, on that detector's scale; NaN where the
        recogniser uses no detector.
    points
        (n, 2) x and y of the key points in pixels; None for an embedding.
    inner
        (k,) float16, an inner layer of the network, which keeps more of the shape of a face and of
        the picture than the embedding; None where the recogniser gives none.
    notes
        What was unusual, such as a box taken from another detector.

    Examples
    --------
    >>> import numpy as np
    >>> from headrisk import FaceTemplate
    >>> FaceTemplate(np.array([0.6, 0.8], np.float32), score=0.99).values.shape
    (2,)
    """

    values: NDArray[Any] = field(repr=False)
    score: float = float("nan")
    points: FloatArray | None = field(default=None, repr=False)
    inner: NDArray[np.float16] | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()


@runtime_checkable
class Recogniser(Protocol):
    """A way to say how alike the faces of two images are.

    Attributes
    ----------
    name
        How the user asks for it, such as ``dlib``.
    model
        Name and version of what computes.
    digest
        SHA-256 of the weights in hexadecimal; empty where there are none.
    licence
        Licence of the weights, or of the code where there are none, as far as it is known.
    embedding
        Whether templates are vectors, so that a classifier can be trained on them.

    Notes
    -----
    What a recogniser is asked follows Schwarz and others (2019, N Engl J Med 381:1684-1686), who
    matched renders of MRI with photographs. The contract is tested by
    :func:`headrisk.testing.check_recogniser`.

    Examples
    --------
    >>> import numpy as np
    >>> from headrisk import FaceTemplate, Recogniser
    >>> class MeanGrey:
    ...     name, model, digest, licence, embedding = "mean-grey", "1", "", "MIT", True
    ...
    ...     def describe(self, images):
    ...         return [FaceTemplate(np.array([np.mean(one)], np.float32)) for one in images]
    ...
    ...     def similarity(self, photos, renders):
    ...         left, right = (np.array([t.values[0] for t in side]) for side in (photos, renders))
    ...         return -np.abs(left[:, None] - right[None, :])
    >>> isinstance(MeanGrey(), Recogniser)
    True
    """

    @property
    def name(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def licence(self) -> str: ...
    @property
    def embedding(self) -> bool: ...

    def describe(self, images: Sequence[Pixels]) -> list[FaceTemplate | None]:
        """Templates of images, one for each, in order.

        Parameters
        ----------
        images
            Grey (h, w) or RGB (h, w, 3) uint8, rows from the top.

        Returns
        -------
        list
            None where no face was found.
        """
        ...

    def similarity(
        self, photos: Sequence[FaceTemplate], renders: Sequence[FaceTemplate]
    ) -> FloatArray:
        """How alike every photograph is to every render.

        Parameters
        ----------
        photos, renders
            Templates as :meth:`describe` gave them.

        Returns
        -------
        numpy.ndarray
            (photos, renders) float64, finite, larger is more alike.
        """
        ...


@runtime_checkable
class ViewRecogniser(Recogniser, Protocol):
    """A recogniser that finds the face once for all lamps of a view."""

    def describe_views(self, views: Sequence[NDArray[np.uint8]]) -> list[FaceTemplate | None]:
        """Templates of pictures (lamps, h, w) of each view, one view after the other.

        Nothing but the light differs within a view, so the face lies in one place in all of it.
        """
        ...


def templates_of_views(
    recogniser: Recogniser, views: Sequence[NDArray[np.uint8]]
) -> list[FaceTemplate | None]:
    """Templates of all pictures (lamps, h, w) of all views, by the recogniser's quicker way."""
    if isinstance(recogniser, ViewRecogniser):
        return recogniser.describe_views(views)
    return recogniser.describe([picture for view in views for picture in view])


def cosine(photos: Sequence[FaceTemplate], renders: Sequence[FaceTemplate]) -> FloatArray:
    """Cosine of the angle between embeddings, (photos, renders), in -1..1."""
    if not photos or not renders:
        return np.zeros((len(photos), len(renders)))
    left, right = (
        np.stack([template.values for template in side]).astype(np.float64)
        for side in (photos, renders)
    )
    lengths = np.linalg.norm(left, axis=1)[:, None] * np.linalg.norm(right, axis=1)[None, :]
    return np.asarray(left @ right.T / np.maximum(lengths, 1e-12), dtype=np.float64)
