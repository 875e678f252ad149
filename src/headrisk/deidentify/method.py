"""What a de-identification method of another package offers, and how it becomes a tool."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from headrisk.deidentify.deface import Treated, untouched
from headrisk.deidentify.head import Head, brain_mask
from headrisk.errors import ScanError
from headrisk.io.volume import Volume
from headrisk.run.plugins import what_was_raised
from headrisk.types import BoolArray, Float32Array


@runtime_checkable
class DeidentificationMethod(Protocol):
    """A way to remove or replace the face in a head image.

    Attributes
    ----------
    name
        What the user asks for: ``headrisk deface --tool NAME``.
    what
        What it does, in a sentence for the report.
    replaces
        Whether it leaves a face that is nobody's, rather than none.

    Notes
    -----
    What de-identification of head images is for: Schwarz and others (2021, NeuroImage
    231:117845). The contract is tested by :func:`headrisk.testing.check_deidentification`.

    Examples
    --------
    >>> import numpy as np
    >>> from headrisk import DeidentificationMethod
    >>> class FrontHalf:
    ...     name = "front-half"
    ...     what = "The front half of the image emptied, but for the brain."
    ...     replaces = False
    ...
    ...     def deidentify(self, image, brain, rng):
    ...         data = image.data.copy()
    ...         data[:, data.shape[1] // 2 :] = 0
    ...         return np.where(brain, image.data, data)
    >>> isinstance(FrontHalf(), DeidentificationMethod)
    True
    """

    name: str
    what: str
    replaces: bool

    def deidentify(self, image: Volume, brain: BoolArray, rng: np.random.Generator) -> Float32Array:
        """The image's new voxels.

        Parameters
        ----------
        image
            The head, RAS+; its arrays must not be changed.
        brain
            (x, y, z), the brain as headrisk found it, on the image's voxels.
        rng
            The only source of chance, so that the same seed gives the same image.

        Returns
        -------
        numpy.ndarray
            (x, y, z) float32 of the same shape, finite.
        """
        ...


@dataclass(frozen=True)
class OwnMethod:
    """A method under the signature of headrisk's own tools, with its result checked."""

    method: Any
    package: str

    def __call__(self, head: Head, subject: str, rng: np.random.Generator) -> Treated:
        """Apply the method to one head.

        Raises
        ------
        ScanError
            The method failed, or what it returned is no image of this shape.
        """
        if head.stripped:
            return untouched(head)
        image = head.volume
        try:
            data = np.asarray(self.method.deidentify(image, brain_mask(head), rng), np.float32)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # the code of strangers may raise anything
            raise self._failed(subject, what_was_raised(error)) from error
        if data.shape != image.shape:
            raise self._failed(subject, f"an array of shape {data.shape}, not {image.shape}")
        if not np.isfinite(data).all():
            raise self._failed(subject, "values that are not finite")
        return Treated(replace(image, data=np.ascontiguousarray(data)), data != image.data)

    def _failed(self, subject: str, found: str) -> ScanError:
        return ScanError(
            subject,
            found=f"the method {self.method.name} of {self.package} gave {found}",
            expected="float32 voxels of the image's shape",
            remedy="Ask the makers of that package, or use another method.",
        )
