"""Small trees with the names that the archives give: whose each image is, by its path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import nibabel as nib
import numpy as np

Truth = dict[str, tuple[str, str, str]]  # path to participant, session, suffix


def adni() -> Truth:
    """Two people in two visits, series and their versions as the archive names them."""
    found: Truth = {}
    for who in ("002_S_0295", "941_S_10311"):
        for day, clock, number in (
            ("2006-04-18", "08_20_30.0", 1),
            ("2006-11-02", "08_16_44.0", 2),
        ):
            session = day.replace("-", "")
            for k, series in enumerate(
                (
                    "MPR__GradWarp__B1_Correction__N3__Scaled",
                    "MP-RAGE",
                    "MPRAGE",
                    "IR-FSPGR",
                    "Accelerated_Sagittal_MPRAGE",
                    "Sag_IR-SPGR",
                    "MP-RAGE_REPEAT",
                )
            ):
                image = f"I{number}{k}{who[-1]}"
                name = f"ADNI_{who}_MR_{series}_Br_20070319113623975_S13408_{image}.nii"
                found[f"ADNI/{who}/{series}/{day}_{clock}/{image}/{name}"] = (who, session, "T1w")
            name = f"ADNI_{who}_MR_Axial_T2-FLAIR_Br_2007_S1_I9.nii"
            found[f"ADNI/{who}/Axial_T2-FLAIR/{day}_{clock}/I9{number}/{name}"] = (
                who,
                session,
                "FLAIR",
            )
    return found


def adni_repeat() -> Truth:
    """One visit, two series at two times of day, one of them in two versions."""
    found: Truth = {}
    for who in ("002_S_0295", "023_S_0001"):
        for series, clock, image in (
            ("MP-RAGE", "08_20_30.0", "I1"),
            ("MPR__GradWarp", "08_20_30.0", "I2"),
            ("MP-RAGE_REPEAT", "08_29_01.0", "I3"),
        ):
            path = f"{who}/{series}/2006-04-18_{clock}/{image}/ADNI_{who}_{image}.nii"
            found[path] = (who, f"20060418T{clock[:8].replace('_', '')}", "T1w")
    return found


def sdsu() -> Truth:
    """Travelling subjects: BIDS, two sequences in a session."""
    found: Truth = {}
    for who in ("ts001", "ts002", "ts010"):
        for session in ("cfmri1", "cfmri2", "sdsu1", "sdsu2"):
            base = f"sub-{who}/ses-{session}/anat/sub-{who}_ses-{session}"
            for end, suffix in (
                ("_acq-mprage_T1w.nii.gz", "T1w"),
                ("_acq-fspgr_T1w.nii.gz", "T1w"),
                ("_T2w.nii.gz", "T2w"),
            ):
                found[base + end] = (who, session, suffix)
    return found


def oasis3() -> Truth:
    """By the archive's script, in both spellings, and unpacked with the archive's own folders."""
    found: Truth = {}
    for who, day in (("OAS30001", "d0129"), ("OAS30001", "d0757"), ("OAS30002", "d2345")):
        for scan, folder, ses, run in (
            ("anat2", "", "ses", "_run-01"),
            ("anat3", "NIFTI/", "sess", "_run-02"),
            ("anat4", "", "ses", ""),
        ):
            suffix = "T2w" if scan == "anat4" else "T1w"
            path = f"{who}_MR_{day}/{scan}/{folder}sub-{who}_{ses}-{day}{run}_{suffix}.nii.gz"
            found[path] = (who, day, suffix)
    return found


def oasis3_bids() -> Truth:
    """The BIDS form of the same archive."""
    return {
        f"sub-OAS30001/ses-{day}/anat/sub-OAS30001_ses-{day}_T1w.nii.gz": ("OAS30001", day, "T1w")
        for day in ("d0129", "d0757")
    } | {"sub-OAS30002/ses-d0001/anat/sub-OAS30002_T1w.nii.gz": ("OAS30002", "d0001", "T1w")}


def kirby21() -> Truth:
    """All 42 scans; two after two are one person's here, as ``pairs_table`` says."""
    found: Truth = {}
    for number in range(1, 43):
        who, session = f"P{(number + 1) // 2:02d}", str(2 - number % 2)
        found[f"KKI2009-{number:02d}-MPRAGE.nii"] = (who, session, "T1w")
        found[f"FLAIR/KKI2009-{number:02d}-FLAIR.nii.gz"] = (who, session, "FLAIR")
    return found


def pairs_table() -> str:
    """Which scans of ``kirby21`` are of one person."""
    lines = [f"P{(number + 1) // 2:02d}\t{number}" for number in range(1, 43)]
    return "\n".join(["participant_id\tscan", *lines]) + "\n"


def kirby21_packages() -> Truth:
    """As Neuroconductor's packages lay the same images out."""
    return {
        f"visit_{k}/{who}/{who}-0{k}-T1.nii.gz": (who, str(k), "T1w")
        for who in ("113", "505")
        for k in (1, 2)
    }


def hcp() -> Truth:
    """First visits unpacked in place, second visits below a folder of their own."""
    found: Truth = {}
    for who in ("103818", "122317"):
        for top, session in (("HCP_1200", "test"), ("HCP_Retest", "retest")):
            for kind, suffix in (("T1w_MPR1", "T1w"), ("T1w_MPR2", "T1w"), ("T2w_SPC1", "T2w")):
                path = f"{top}/{who}/unprocessed/3T/{kind}/{who}_3T_{kind}.nii.gz"
                found[path] = (who, session, suffix)
    return found


def hcp_zips() -> Truth:
    """Each archive unpacked into a folder of its own name."""
    path = "{}/139839_3T_Structural_unproc/139839/unprocessed/3T/T1w_MPR1/139839_3T_T1w_MPR1.nii.gz"
    return {
        path.format("first"): ("139839", "test", "T1w"),
        path.format("retest"): ("139839", "retest", "T1w"),
    }


def ixi() -> Truth:
    """Three hospitals, three contrasts in folders of their own."""
    found: Truth = {}
    for who, site, number in (
        ("IXI002", "Guys", "0828"),
        ("IXI012", "HH", "1211"),
        ("IXI641", "IOP", "0001"),
    ):
        for kind, suffix in (("T1", "T1w"), ("T2", "T2w"), ("PD", "PDw")):
            found[f"IXI-{kind}/{who}-{site}-{number}-{kind}.nii.gz"] = (who, number, suffix)
    return found


def mayo() -> Truth:
    """A custodian's own folder: scans by label, with and without session and contrast."""
    return {
        "scans/P001.nii.gz": ("P001", "", "T1w"),
        "scans/P002_visit1.nii.gz": ("P002", "visit1", "T1w"),
        "scans/P002_visit2_FLAIR.nii": ("P002", "visit2", "FLAIR"),
        "scans/P003_T1w.nii.gz": ("P003", "", "T1w"),
    }


TREES: Mapping[str, tuple[str, Callable[[], Truth]]] = {
    "adni": ("adni", adni),
    "adni-repeat": ("adni-repeat", adni_repeat),
    "sdsu": ("sdsu", sdsu),
    "oasis3": ("oasis3", oasis3),
    "oasis3 as BIDS": ("oasis3", oasis3_bids),
    "kirby21": ("kirby21", kirby21),
    "kirby21 packages": ("kirby21", kirby21_packages),
    "hcp": ("hcp", hcp),
    "hcp from zips": ("hcp", hcp_zips),
    "ixi": ("ixi", ixi),
    "mayo": ("mayo", mayo),
}


def plant(folder: Path, paths: Iterable[str]) -> None:
    """Write a tiny image at each path, each with its own content."""
    for k, path in enumerate(sorted(paths)):
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith((".nii", ".nii.gz")):
            voxels = np.full((4, 4, 4), k, dtype=np.int16)
            nib.save(nib.Nifti1Image(voxels, np.eye(4)), place)
        else:
            place.write_bytes(b"x")
