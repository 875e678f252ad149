"""Sentences that stand on pages whatever was found; what stands between backticks is code.

Templates hold headings, labels and captions alone. Braces are filled in by the template.
"""

from __future__ import annotations

# Every public page
NO_LABELS = "Public part: no labels, paths, pictures or scores of single people."
COUNTS_ALONE = (
    "Public part: counts alone; no labels, paths or values. The custodian's internal page says "
    "where each finding stands."
)
FROM_REPORT = "Made from `report.json`, fingerprint {digest}."
NO_RULE = (
    "No rule applies to what was found. That is no approval: what was not tested stands below."
)
FINDINGS_MADE_BY = (
    "Made by headrisk {version}. Figures {digest}: the first digits of the SHA-256 of "
    "`report.json`. Every table stands as numbers in `tables/`."
)
NOT_THERE = "That nothing was found does not show that nothing is there."
IMAGES = "Images: whether brains or faces link people. `headrisk audit` measures that."
METHODS_IN_FULL = "The full text with references is in `methods.md`, versions in `report-run.json`."
SEVERITIES = (
    ("Direct identifier", "Names a person, or leads to one through a single record."),
    ("Quasi-identifier", "Singles people out together with what others know of them."),
    (
        "Technical link",
        "Equal in every copy of a scan, or ties it to a device, a day or a place.",
    ),
    ("Notice", "Something to look at, or not to share."),
)

# Questions of boards, texts to copy
SAID_ONCE = (
    "What this audit has to say stands here once; the questions below refer to it. The answers are "
    "yours."
)
YOURS = (
    "Made from what ran. Only what is marked is yours: [brackets] to fill in, \u2610 to tick, "
    "lines to sign."
)
METHODS_TEXT = "The methods text is in `methods.md`, in the custodian's folder."

# Cost, people, de-identification methods
RECITAL = (
    "Recital 26 of the GDPR asks for the costs of identification and the time it takes. What is "
    "cheap for this tool is cheap for an attacker, and gets cheaper."
)
TIMES = (
    "Times are those of this run; processor time counts all processes, memory the largest single "
    "one up to that point. {machine} Stage by stage they are in `tables/cost.tsv`, by attack in "
    "`tables/attack-cost.tsv`; an attacker does not need index, evaluate and assess."
)
NO_COST = "No cost was recorded."
STRONGEST = "All figures are of the strongest attack, as on the first page."
ASSUMED = (
    "These are stated assumptions, not findings; give your own with `--attackers FILE`. The chance "
    "that the attacker knows the person is part of each figure. It rests on one attack alone: "
    "whoever adds age, sex or dates finds more."
)
NO_ATTACKER = "No attacker of the list holds something to compare here."
MODELS = (
    "The range of each model, and what holds whatever the model: `tables/*-forecast.tsv`. How far "
    "each was off in galleries hidden from it: `report.json`."
)
FIGURE_NEEDS = "it needs at least five people who could be searched for in the original data."
NO_ATTACK_BOTH = "No attack could be tried before and after."
REPLACED = (
    "A tool that puts another face in place shows one: then recognition decides, not presence. "
    "Small galleries, paired changes, and how many people's own rates fell and rose: "
    "`tables/treatments-effects.tsv`."
)
OWN_TOOLS = (
    "Measured by this tool's own brain extraction and alignment, run before and after: a small "
    "figure also holds the noise of both. Per scan: the custodian's list."
)
EVERY_IMAGE = "What was found of a face in every image stands under"

# Several releases side by side
SEPARATE = (
    "The releases are compared as separate samples. Where the same people are in both, a paired "
    "test says more: audit the later data with `--deidentified`."
)
NO_FIGURE = "No release has a figure."

# Internal pages
DO_NOT_SHARE = "headrisk \u00b7 internal \u00b7 do not share"
NAMES_PEOPLE = (
    "This page names people and shows their scans. It stays with the custodian. Version {version}."
)
TELLS_WHERE = (
    "This page tells where identifying values stand, never what they are. It stays with the "
    "custodian. Version {version}."
)
FIRST_OF_MANY = "The first {shown}; the index has all."
NOTHING_FIRST = (
    "No scan failed, none is doubtful, no searched scan passes the threshold, and no face was "
    "found."
)
NO_SCAN = "No scan and no image is known."
NO_MATRIX = "Too little data for a matrix."
NO_PAIR = "No pair was compared."
NO_PICTURES = "No pictures were made."
FIGURES_NOWHERE = (
    "Too little data for figures ({why}): neither page shows any. No other figure is withheld from "
    "the public page."
)
FIGURES_PUBLIC = "The public page withholds no figure of these data; all rates stand there."

# Internal page of identifying metadata
NONE_CLEAN = "None of them is called clean."
IN_COPY = "Those of the copy stand in `internal/to-read-in-copy.tsv`."
KNOWN = (
    "Every text and name was also searched for the {lines} of the custodian's list, in any "
    "spelling and order."
)
TOO_SHORT = "{lines} of them hold too few letters to look for."
NO_LIST = (
    "No list of identifiers was given. Names that have no telling form or field are found only by "
    "such a list (`--known-identifiers`)."
)
CLASSES = (
    "A class is a set of people who share all of: {columns}. The smaller a class, the easier its "
    "people are found by who knows these details of them."
)
BYTES = (
    "{count} byte strings were searched for, packed files packed and unpacked. Values of under six "
    "bytes are found by the second look alone."
)
DECIDE = "What follows was found in the copy and needs a decision of yours."
MORE_FIELDS = (
    "And {count} more fields, in `internal/metadata-fields.tsv`. Every place stands in "
    "`internal/metadata.tsv`."
)
MORE_ROWS = "And {count} more, in `internal/{table}.tsv`."
TO_READ = (
    "They were read and searched, but hold running text, descriptions or names that are neither "
    "numbers, dates, codes nor words of BIDS and DICOM. A name on no list has no form that tells "
    "it. None of them is called clean."
)

# Internal page of duplicates
LOOKED_AT_ALONE = "What this page says holds for those looked at alone."
COMPARED = "Every scan was compared with every other one ({pairs} pairs)."
EXAMINED = "{pairs} compared voxel by voxel."
WHO_IS_RIGHT = (
    "A finding says what the images show, not who is right: check it against the source records "
    "before anything is changed."
)
RELATIVES = (
    "Brains of identical twins, and less so of siblings, are more alike than those of unrelated "
    "people. Rule out a family tie before two IDs are merged. A brain changed much by surgery, "
    "growth or disease, or a poor scan, can fail to match itself."
)
CHECKERBOARD = (
    "From left to right: {first}; {second}; both as a checkerboard; the difference, blue where the "
    "second is darker and orange where it is brighter."
)
CHECKERBOARD_GOOD = (
    "What the labels say. One person: folds run on across the fields of the checkerboard, and the "
    "difference is even. Two persons: folds break off at the edges of the fields."
)
CHECKERBOARD_BAD = (
    "The other way round: folds run on though the labels name two persons, or break off though "
    "they name one."
)
CHECKERBOARD_DO = (
    "Check the labels of both scans against the source records before anything is changed."
)
ODDS = (
    "Posterior odds are prior odds times a likelihood ratio: how much more often a pair of scans "
    "of one person has such a score than a pair of two persons."
)
VERDICTS = (
    (
        "Certain",
        "probability at least 99\u00a0% and a chance of at most 0.1\u00a0% that any compared pair "
        "gives such a score by accident.",
    ),
    ("Likely", "at least 50\u00a0% and at most 5\u00a0%."),
    ("Look at it", "at least 10\u00a0%, or a scan whose preparation is doubtful."),
)
