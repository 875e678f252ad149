"""Numbers of orders and people in the text fields of NIfTI headers, beside stamps of programs."""

import nibabel
import numpy as np
import pytest

from headrisk.io.nifti_header import nifti_plan
from headrisk.metadata.known import NOBODY
from headrisk.metadata.nifti_text import nifti_hits

FIELDS = {"db_name": 18, "descrip": 80, "aux_file": 24, "intent_name": 16}


def found(field: str, text: str) -> bool:
    header = nibabel.Nifti1Header()
    header.set_data_shape((7, 8, 9))
    header[field] = text.encode()
    header["magic"], header["vox_offset"] = b"n+1", 352
    plan = nifti_plan(header.binaryblock + b"\0\0\0\0")
    assert plan is not None
    return any(hit.field == f"header {field}" for hit in nifti_hits(plan, NOBODY))


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("prefix", ["RAD", "MR", "TIME", "scan-", "T1_", "ser ", "Bold"])
def test_a_code_of_letters_and_a_long_number_is_no_stamp(field: str, prefix: str) -> None:
    rng = np.random.default_rng(len(prefix))
    for digits in (6, 8):
        text = f"{prefix}{rng.integers(10 ** (digits - 1), 10**digits)}"
        assert found(field, text), text


@pytest.mark.parametrize(
    "text", ["FSL5.0", "SPM12", "TE=2.4", "FreeSurfer Oct 10 2023", "mni152 1mm"]
)
def test_stamps_of_programs_stay(text: str) -> None:
    assert not found("descrip", text)
