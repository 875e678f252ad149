"""Published studies: how their images lie as downloaded, and the figures to compare with.

Layouts are those that the archives' own download tools and public code that reads them use; where
each was looked up stands in docs/studies.md. A layout is a pattern over the path of an image below
the folder, with the groups ``participant``, ``session`` and, where the path tells, ``kind`` (what
the name says of the contrast), ``site``, ``date`` (year-month-day) and ``scanner``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

SHARMA = "Sharma et al. 2026, arXiv 2602.10043"
TAKAO = "Takao et al. 2015, Magn Reson Imaging 33:816"
NEJM = "Schwarz et al. 2019, N Engl J Med 381:1684"
REFACE = "Schwarz et al. 2021, NeuroImage 231:117845"


@dataclass(frozen=True)
class Layout:
    """Where images lie below the downloaded folder.

    ``shape`` is told to people, ``pattern`` is matched with the whole relative path. ``contrasts``
    gives the BIDS suffix by a pattern over the group ``kind``; an image that none fits is of
    another kind and left out.
    """

    shape: str
    pattern: re.Pattern[str]
    contrasts: Mapping[str, str]


@dataclass(frozen=True)
class Published:
    """One row of the figures to compare with."""

    what: str
    people: str
    figure: str
    source: str


@dataclass(frozen=True)
class Study:
    """A published study or data set, and how it is audited.

    Attributes
    ----------
    name, title, about
        The word on the command line; what it is called; who was scanned and why it is of use.
    access
        Where the data come from.
    layouts
        How they lie; an image belongs to the first that fits.
    audit
        The command, with ``{manifest}``, ``{out}`` and, for studies with photographs, ``{photos}``.
    published
        Figures to compare with.
    sessions
        Fewest sessions that a person must have to be searched for.
    all_sessions
        Whether everybody was scanned in every session that occurs.
    numbered
        Numbers of the scans of which there should be one each, 0 where they are not numbered.
    pairs
        Whether a table must say which scans are of one person.
    photos
        Whether photographs belong to it.
    remark
        What one should know before reading the figures.
    """

    name: str
    title: str
    about: str
    access: str
    layouts: tuple[Layout, ...]
    audit: str
    published: tuple[Published, ...]
    sessions: int = 2
    all_sessions: bool = False
    numbered: int = 0
    pairs: bool = False
    photos: bool = False
    remark: str = ""


AUDIT = "headrisk audit {manifest} {out}"
_NIFTI = r"\.nii(?:\.gz)?"
_BIDS = {"T1w": "T1w", "T2w": "T2w", "FLAIR": "FLAIR"}
_ADNI_KINDS = {
    r".*FLAIR.*": "FLAIR",
    r"(?:.*[-_])?(?:MP-?RAGE|MPR|MT1|F?SPGR)(?![a-z]).*": "T1w",
}
_ADNI = (
    r"(?:.*/)?(?P<participant>\d{3}_S_\d{4,5})/(?P<kind>[^/]+)/"
    r"(?P<date>\d{4}-\d{2}-\d{2})_(?P<time>\d{2}_\d{2}_\d{2})(?:\.\d+)?/[IS]\d+/[^/]+"
)
_ADNI_SHAPE = "ADNI/002_S_0413/MPRAGE/2006-05-02_12_31_52.0/I45108/*.nii"
_TAKAO = Published(
    "another cohort, scanned twice a year apart: rank 1 by principal components",
    "215",
    "99.5 % with 32 components, 100 % with 112 or more",
    TAKAO,
)
_SHARMA = Published(
    "skull-stripped T1w, standard preprocessing, eleven measures of similarity",
    "see its tables",
    "nearly perfect, by its abstract",
    SHARMA,
)

STUDIES: Mapping[str, Study] = {
    study.name: study
    for study in (
        Study(
            name="adni",
            title="ADNI, visits",
            about="older people with and without dementia, scanned every half year to year on many "
            "scanners: links across time, atrophy and field strength",
            access="ida.loni.usc.edu, after application; NIfTI, with the folders of the archive",
            layouts=(
                Layout(
                    _ADNI_SHAPE,
                    re.compile(_ADNI.replace("<date>", "<session>") + _NIFTI),
                    _ADNI_KINDS,
                ),
            ),
            audit=AUDIT,
            published=(_SHARMA, _TAKAO),
            remark="All images of a day are one session, so that two series of one visit, or two "
            "versions of one series, are never searched for each other.",
        ),
        Study(
            name="adni-repeat",
            title="ADNI, repeated series of one visit",
            about="the same people's MP-RAGE and its repeat, minutes apart: the easiest link there "
            "is, for a ceiling",
            access="ida.loni.usc.edu, after application; NIfTI, with the folders of the archive",
            layouts=(
                Layout(
                    _ADNI_SHAPE,
                    re.compile(_ADNI + _NIFTI),
                    {k: v for k, v in _ADNI_KINDS.items() if v == "T1w"},
                ),
            ),
            audit=AUDIT,
            published=(_SHARMA,),
            remark="Sessions are single series, by their time of day. Versions of one series bear "
            "one time and are one session.",
        ),
        Study(
            name="sdsu",
            title="SDSU travelling subjects, ds005664",
            about="nine adults, each in four sessions on two scanners of two centres: links across "
            "sites",
            access="openneuro.org, dataset ds005664; BIDS",
            layouts=(
                Layout(
                    "sub-ts001/ses-sdsu1/anat/sub-ts001_ses-sdsu1_acq-mprage_T1w.nii.gz",
                    re.compile(
                        r"(?:.*/)?sub-(?P<participant>ts\d+)/ses-(?P<session>(?P<site>[a-z]+)\d+)/"
                        r"anat/sub-(?P=participant)_ses-(?P=session)(?:_[a-z]+-[A-Za-z0-9]+)*_"
                        r"(?P<kind>[A-Za-z0-9]+)" + _NIFTI
                    ),
                    {"T1w": "T1w", "T2w": "T2w"},
                ),
            ),
            audit=AUDIT,
            published=(_SHARMA,),
            all_sessions=True,
            remark="Nine people are few: read the intervals.",
        ),
        Study(
            name="oasis3",
            title="OASIS-3",
            about="more than a thousand adults, many scanned again after years, with and without "
            "dementia: links across years",
            access="oasis-brains.org, after application; by its own download script, or its BIDS "
            "form",
            layouts=(
                Layout(
                    "OAS30001_MR_d0129/anat2/sub-OAS30001_ses-d0129_run-01_T1w.nii.gz",
                    re.compile(
                        r"(?:.*/)?(?P<participant>OAS3\d{4})_MR_(?P<session>d\d{4,5})/anat\d+/"
                        r"(?:NIFTI/)?sub-(?P=participant)_sess?-(?P=session)"
                        r"(?:_[a-z]+-[A-Za-z0-9]+)*_(?P<kind>[A-Za-z0-9]+)" + _NIFTI
                    ),
                    _BIDS,
                ),
                Layout(
                    "sub-OAS30001/ses-d0129/anat/sub-OAS30001_ses-d0129_T1w.nii.gz",
                    re.compile(
                        r"(?:.*/)?sub-(?P<participant>OAS3\d{4})/sess?-(?P<session>d\d{4,5})/anat/"
                        r"sub-(?P=participant)(?:_[a-z]+-[A-Za-z0-9]+)*_(?P<kind>[A-Za-z0-9]+)"
                        + _NIFTI
                    ),
                    _BIDS,
                ),
            ),
            audit=AUDIT,
            published=(_SHARMA, _TAKAO),
            remark="Sessions are days since entry, not dates.",
        ),
        Study(
            name="kirby21",
            title="Kirby21, multi-modal reproducibility resource",
            about="21 healthy adults, scanned twice within hours on one scanner",
            access="nitrc.org/projects/multimodal; NIfTI, or the packages of Neuroconductor",
            layouts=(
                Layout(
                    "KKI2009-01-MPRAGE.nii (42 of them), with pairs.tsv beside",
                    re.compile(
                        r"(?:.*/)?KKI2009-(?P<number>\d{2})-(?P<kind>[A-Za-z0-9]+)" + _NIFTI
                    ),
                    {"MPRAGE": "T1w", "T1w?": "T1w", "FLAIR": "FLAIR", "T2w?": "T2w"},
                ),
                Layout(
                    "visit_1/113/113-01-T1.nii.gz",
                    re.compile(
                        r"(?:.*/)?visit_(?P<session>\d)/(?P<participant>\d{3})/"
                        r"(?P=participant)-0(?P=session)-(?P<kind>[A-Za-z0-9]+)" + _NIFTI
                    ),
                    {"MPRAGE": "T1w", "T1w?": "T1w", "FLAIR": "FLAIR", "T2w?": "T2w"},
                ),
            ),
            audit=AUDIT,
            published=(_TAKAO,),
            numbered=42,
            pairs=True,
            remark="The names KKI2009-NN do not say who is who: pairs.tsv (columns participant_id "
            "and scan) must, from the table that the archive gives with the images.",
        ),
        Study(
            name="hcp",
            title="HCP test-retest",
            about="45 young adults of the Human Connectome Project, scanned again within months on "
            "the same scanner, at 0.7 mm",
            access="db.humanconnectome.org: structural, unprocessed, of HCP_1200 and HCP_Retest",
            layouts=(
                Layout(
                    "HCP_Retest/103818/unprocessed/3T/T1w_MPR1/103818_3T_T1w_MPR1.nii.gz",
                    re.compile(
                        r"(?P<session>.*?)(?P<participant>\d{6})/unprocessed/(?P<scanner>\dT)/"
                        r"(?P<kind>T[12]w_[A-Z]+\d)/(?P=participant)_(?P=scanner)_(?P=kind)"
                        + _NIFTI
                    ),
                    {"T1w_.*": "T1w", "T2w_.*": "T2w"},
                ),
            ),
            audit=AUDIT,
            published=(_TAKAO,),
            remark="They are twins: a person's brother or sister is in the gallery. Add the column "
            "family_id where the restricted data are at hand. A path with 'retest' in it is the "
            "second session.",
        ),
        Study(
            name="ixi",
            title="IXI",
            about="nearly 600 healthy people of three hospitals, scanned once: nobody can be "
            "searched for but by simulated second scans, and every face can be looked for",
            access="brain-development.org/ixi-dataset; IXI-T1, IXI-T2 and IXI-PD unpacked",
            layouts=(
                Layout(
                    "IXI-T1/IXI002-Guys-0828-T1.nii.gz",
                    re.compile(
                        r"(?:.*/)?(?P<participant>IXI\d{3})-(?P<site>[A-Za-z]+)-(?P<session>\d{4})-"
                        r"(?P<kind>[A-Z0-9]+)" + _NIFTI
                    ),
                    {"T1": "T1w", "T2": "T2w", "PD": "PDw"},
                ),
            ),
            audit=AUDIT + " --simulate-rescan",
            published=(
                Published(
                    "no second scans: there is no published rate to compare with",
                    "none",
                    "none",
                    "brain-development.org/ixi-dataset",
                ),
            ),
            sessions=1,
            remark="Figures of simulated second scans can be far too high.",
        ),
        Study(
            name="mayo",
            title="Mayo Clinic's protocols for photographs",
            about="people with a head scan and photographs of the face, as a custodian holds them; "
            "the Mayo Clinic's own are not public",
            access="your own: scans/LABEL[_SESSION].nii.gz and photos/LABEL_NUMBER.jpg",
            layouts=(
                Layout(
                    "scans/LABEL.nii.gz or scans/LABEL_SESSION_T1w.nii.gz",
                    re.compile(
                        r"(?:.*/)?scans/(?P<participant>[A-Za-z0-9-]+)"
                        r"(?:_(?P<session>(?!T1w?\b|T2w?\b|FLAIR\b)[A-Za-z0-9-]+))?"
                        r"(?:_(?P<kind>T1w?|T2w?|FLAIR))?" + _NIFTI
                    ),
                    {"T1w?": "T1w", "T2w?": "T2w", "FLAIR": "FLAIR", "": "T1w"},
                ),
            ),
            audit="headrisk faces {manifest} {out} --photos {photos} --protocol nejm2019",
            published=(
                Published("T1w or FLAIR, a commercial service, rank 1", "84", "70 (83 %)", NEJM),
                Published("the same, within five", "84", "80 (95 %)", NEJM),
                Published("T1w, before de-identification, rank 1", "157", "97 %", REFACE),
                Published(
                    "the same after de-identification by popular tools", "157", "28 to 38 %", REFACE
                ),
                Published(
                    "3D T1w, T2w and FLAIR of today, rank 1",
                    "182",
                    "96 to 98 %",
                    "Schwarz et al., which common MRI research sequences need de-facing (abstract)",
                ),
            ),
            sessions=1,
            photos=True,
            remark="Every photograph needs a consent id and the last day of consent: fill in the "
            "two columns. --protocol mayo2024 is the later protocol.",
        ),
    )
}
