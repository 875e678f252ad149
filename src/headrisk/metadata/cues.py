"""What stands behind words that announce it: names, places, trades and illnesses in running text.

A name on no list is told by what is said of it: *Dear*, *dictated by*, *withdrew*, *'s scan*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from headrisk.metadata.closed import public_names, vocabulary
from headrisk.metadata.name_words import ALSO_WORDS, EPONYMS, NO_FAMILY, SPEECH
from headrisk.metadata.people import family_names, folded, given_names, gives_credit, split_words
from headrisk.metadata.told import tongues_and_origins
from headrisk.metadata.words import concepts

Span = tuple[str, int, int]

_UP = r"[^\W\d_a-z](?:[\w'’]*[^\W\d_])?(?:-[^\W\d_][\w'’]+)*"
_SMALL = r"(?:van|von|de|der|den|del|della|di|da|dos|du|la|le|al|el|bin|ten|ter|zu|af)"
_PART = rf"(?:(?:a[dlnrstz]|ash|el|ben)-{_UP}|{_UP}|[^\W\d_a-z]\.)"
_NAME = (
    rf"(?P<name>(?:{_SMALL}[ ]){{0,2}}{_PART}"
    rf"(?:(?:,[ ]?|[ ]|\^|_|\.[ ]?)(?:{_SMALL}[ ]){{0,2}}{_PART}){{0,3}})(?![\w^])"
)
_TITLE = (
    r"(?:(?:Dr|dr|Dra|drs|dott|prof|PD[ ]Dr|Prof|Mr|Mrs|Ms|M|Mme|Sr|Sra|Herr|Frau|Miss|Nurse"
    r"|Schwester)\.?[ ])?"
)
_PEOPLE = r"""patient(?:in|e)?|pat\.?|pts?\.?|proband(?:in)?|participant|subject|volunteer
    |teilnehmer(?:in)?|paciente|paziente|potilas|pacjent(?:ka)?"""
_RELATIVES = r"""father|mother|husband|wife|daughter|son|brother|sister|partner
    |twin(?:[ ]sister|[ ]brother)?|grandmother|grandfather|guardian|mutter|vater
    |ehemann|ehefrau|tochter|mère|père|bruder|schwester|sohn|vormund|tutor|tutora|tuteur|tutrice
    |spouse|épouse|époux|mari|femme|fils|fille|frère|soeur|sœur|padre|madre|hermano|hermana|hijo
    |hija|esposa|esposo|marido|moglie|marito|figlio|figlia|fratello|sorella|irmão|irmã|filho|filha
    |pai|mãe|moeder|vader|broer|zus|zoon|dochter|echtgenoot|echtgenote|man|vrouw|mor|far|bror
    |syster|make|maka|son|dotter|äiti|isä|veli|sisko|poika|tytär|vaimo|mies|matka|ojciec|brat
    |siostra|syn|córka|żona|mąż|matki|ojca|żony|brata|siostry|friend|freund(?:in)?|ami|amie|amigo
    |amiga|amico|amica|vriend(?:in)?|vän"""
# Behind these one word is a name already.
_STRONG = rf"""(?<![^\W_])(?:
        (?i:{_PEOPLE})(?:'s)?(?i:[ ]name)?(?i:[ ]is|[ ]was|[ ]called)?(?:[ ]?[:=-])?[ ]+(?:\(|["'])?
      | (?:[Dd]ear|Sehr[ ]geehrte[rs]?|Liebe[rs]?|Chère?|Cher|Estimad[oa]|Hello|Hi|Hallo|Beste)
        [ ](?:(?:Mrs?|Ms|Miss|Herrn?|Frau|Monsieur|Madame|Mme|M|Señora?|Sra?|mevrouw|heer)\.?[ ])?
      | (?:Mr\.|Mrs|Ms\.|Miss|Herrn?|Frau|Mme|Madame|Monsieur|Sra?\.|Señora?|Signora
        |[Mm]evrouw|Pan[ií]?|[Rr]ouva|[Hh]erra|[Ff]ru|Hr|[Mm]eneer|[Dd]hr|[Mm]w|Sig|Sig\.ra
        |[Dd]ott(?:\.ssa)?|lek\.[ ]med|Gospođa|Oberarzt|Oberärztin)\.?[ ]+
      | (?i:with|and|her|his|their|the|my|of|by|from|to|durch|von|der|die|dem|mit|par|sa|son|le|la
        |por|su|el|da|dal|dalla|suo|sua|o|a|pelo|pela|door|zijn|haar|met|av|sin|sitt|sina|hans
        |hennes|przez|z|jego|jej)[ ](?i:{_RELATIVES})(?:[ ]?[:,(])?[ ]?
      | (?i:happy[ ]birthday|this[ ]is|(?:her|his|my|their)[ ](?:real[ ])?(?:sur)?name[ ]is)[ ]
      | (?i:surname|last[ ]name|nachname|familienname|cognome|apellidos?)[ ]?[:=-][ ]?
    ){_TITLE}{_NAME}"""
# Behind these two words are, or a word with an initial.
_DONE = r"""dictated|digiti[sz]ed|checked|reviewed|signed|acquired|scanned|recorded|tested|examined
    |rated|scored|segmented|traced|drawn|entered|measured|interviewed|reported|approved|uploaded
    |seen|called|referred|taken[ ]over|placed|assessed|read|done|performed|typed|verified|given
    |accompanied|consented|operated|supervised|prepared|filled[ ]in|anonymi[sz]ed|defaced"""
_STAFF = r"""operator|technician|tech|technologist|radiographer|nurse|rater|reader|interviewer
    |experimenter|examiner|consultant|attending|physician|radiologist|neurologist|gp|clinician
    |research[ ]assistant|ra|reviewer|investigator|untersucher(?:in)?|mtra?|schwester|opérateur
    |médecin|arzt|ärztin|supervisor|secretary|handled[ ]by|interpreter|translator|dolmetscher(?:in)?
    |interprète|intérprete|interprete|tolk|tulkki|tłumacz(?:ka)?|midwife|caregiver|carer|therapist
    |psychologist|pharmacist|porter|driver"""
_BY = rf"""(?<![^\W_])(?:
        (?i:{_DONE})(?:[ ](?:on[ ])?[\d./-]{{6,10}})?(?:[ ]electronically)?(?i:[ ]by)(?:[ ]?:)?[ ]+
      | (?i:signed|signature)(?i:[ ]electronically)?[ ]?:[ ]*
      | (?i:befundet|erfasst|geprüft|gemessen|untersucht|unterschrieben|diktiert)[ ](?:durch|von)[ ]
      | (?i:vérifié|signé|mesuré|saisi|examiné|dicté|réalisé)[ ]par[ ]
      | (?i:revisado|firmado|medido|explorado|dictado)[ ]por[ ]
      | (?i:{_STAFF})s?(?:[ ]?\d{{1,2}})?(?:[ ]?(?:[:=,-]|is|was|were)[ ]*|[ ])["']?
      | (?i:(?:best|kind|warm|many)[ ](?:regards|wishes|greetings)|regards|sincerely
        |yours(?:[ ](?:sincerely|faithfully|truly))?|cheers|mfg|vg|lg|cordialement|bien[ ]à[ ]vous
        |(?:mit[ ])?(?:freundlichen|besten|vielen|viele|beste|liebe|herzliche)[ ]grü(?:ß|ss)en?
        |un[ ]saludo|saludos(?:[ ]cordiales)?|cordiali[ ]saluti|atentamente
        |met[ ]vriendelijke[ ]groet|med[ ]vänlig[ ]hälsning|ystävällisin[ ]terveisin)
        [,!.]?[ \t]*(?:\r?\n[ \t#%*/>"',]*){{0,3}}[ ]?
    ){_TITLE}{_NAME}"""
_WEAK = rf"""(?<![^\W_])(?:
        (?i:re|aw|fw|betr(?:eff)?|cc|bcc|attn|attention|c/o|to|von|from|an|z\.?[ ]?hd\.?)[ ]?:[ ]*
      | (?i:c/o|cc|attn\.?)[ ]
      | (?i:(?:real[ ]|full[ ])?name)(?:[ ]of[ ](?:the[ ])?[\w-]{{2,20}})?[ ]?(?:[:=]|is|was)[ ]*
      | (?i:id|no\.?|nr\.?|sub|subj|case|p|s)[ ]?[\#-]?\d{{1,4}}[ ]?(?:=|is|:|was)[ ]*
      | (?i:{_RELATIVES})(?:[ ]?[:(,][ ]?|[ ](?:is|was)[ ]|[ ])(?:named[ ]|called[ ])?
      | (?i:emergency[ ]contact|next[ ]of[ ]kin|contact[ ]person|witness|notify)(?:[ ]?[:=])?[ ]*
      | (?i:spoke|talked|speak|talk|met|meeting|appointment|call|phoned|phone)
        (?i:[ ]to|[ ]with)?[ ]
      | (?i:ask(?:ed)?|handed[ ]over[ ]to|handover[ ]to|uploaded[ ]for|uploaded|renamed[ ]from
        |renamed|scanned|rescanned|tested|data[ ](?:of|from)|scans?[ ](?:of|from)
        |images[ ](?:of|from)|results?[ ](?:of|for|to)|report[ ](?:of|for|on)
        |consent[ ](?:of|from|form[ ]of)|mri[ ](?:of|for)|letter[ ](?:to|for)|belongs[ ]to
        |thanks[ ]to(?:[ ]our)?(?:[ ][a-z]+)?|invited?|paid|pay|reimbursed?|copy[ ](?:to|for)
        |sent[ ]to|referred[ ]by|referral[ ]from|on[ ]behalf[ ]of)[ ]
    ){_TITLE}{_NAME}"""
# What only people do.
_VERBS = """withdrew|asked|felt|wanted|complained|refused|came|fixed|moved|said|told|forgot|fell
    |arrived|agreed|wore|slept|coughed|sneezed|cancelled|rescheduled|vomited|panicked|laughed|cried
    |called|phoned|emailed|signed|consented|declined|lives|lived|works|worked|suffers|suffered
    |reported|mentioned|attended|waited|left|got|took|brought|needed|thinks|thought|likes|liked
    |ran[ ]the[ ]s|operated[ ]the|positioned
    |volunteered|dictated|scanned|checked|entered|typed|klagte|sagte|kam|fühlte|wollte|hatte
    |bewegte|schlief|demandé|dijo|vino|sintió"""
_STATES = r"""(?:was|is|were|has[ ]been|had[ ]been|got)[ ](?:re)?(?:scanned|tested|invited|excluded
    |included|recruited|anxious|claustrophobic|tired|asleep|late|pregnant|nervous|present|ill|sick
    |absent|born|paid|withdrawn|enrolled|unwell|sleepy|examined|referred|admitted|upset|drunk)"""
_DOING = rf"""(?<![\w^.-]){_NAME}[ ](?:(?:also|then|has|had|a|hat|se|sich)[ ])?
    (?:{_VERBS}|{_STATES})(?!\w)"""
_OWNED = r"""scans?|data|session|run|mri|head|consent|images?|files?|mother|father|wife|husband|son
    |daughter|sister|brother|parents|partner|eeg|meg|appointment|results?|report|questionnaires?
    |brain|birthday|implant|medication|disk|disc|cd|folder|notes?|glasses|movement"""
_POSSESSIVE = rf"""(?<![\w^.-])(?P<name>{_UP}(?:[ ]{_UP})?)['’]s?[ ]
    (?:(?:first|second|third|last|t1w?|bold)[ ])?(?:{_OWNED})(?!\w)"""
# One word will do before what is said of people alone.
_ACTING = rf"""(?:^|(?<=[.!?:,;][ ])|(?<=[,;:])|(?<=[\"'>]))
    (?P<name>{_UP})[ ](?:also|then|has|had)?[ ]?
    (?:withdrew|asked[ ](?:to|for|if|whether|about)|felt|complained|refused|forgot|coughed|sneezed
    |vomited|panicked|cried|fell[ ]asleep|wanted[ ]to|arrived|cancelled|declined|told[ ]us|said[ ]th
    |moved[ ](?:a|during|in|his|her)|was[ ](?:very[ ])?(?:tired|nervous|anxious|late|unwell|sleepy)
    |war[ ](?:sehr[ ])?(?:müde|nervös|unruhig|spät)|klagte|wollte|hat[ ](?:die|den|sich|das|um)
    |était|est[ ](?:arrivée?|très)|llegó|pidió|estaba|arrivat[ao]|ha[ ](?:chiesto|interrotto)
    |era[ ](?:molto|muito|muy)|estava|pediu|vroeg|kwam|was[ ](?:erg|zeer)|ville|avbröt|var[ ]mycket
    |oli[ ](?:hyvin|väsynyt)|pyysi|keskeytti|był[a]?[ ]|przerwał|poprosił)"""
# Tucker, Jerry (F); Jerry Tucker (patient)
_BESIDE = rf"""(?<![\w^.-]){_NAME}[ ]?[(\[][ ]?(?i:f|m|w|d|male|female|patient|wife|husband|mother
    |father|twin|proband(?:in)?|son|daughter|\d\d[ ]?y)[),\][ ]"""
# The first volunteer, Jerry Tucker, was scanned; runs of Jerry Tucker, who withdrew
_APPOSED = rf"""(?<![^\W_])(?i:{_PEOPLE}),[ ]{_NAME}(?=,)"""
_WHO = rf"""(?<![^\W_])(?i:of|from|by|with|to|that)[ ]{_NAME}(?=,?[ ](?i:who|whose)[ ])"""
# nurse Tucker enters; called Tucker on 040 555; interpreter was Jerry Tucker
_NURSES = rf"""(?<![^\W_])(?:nurse|schwester|krankenschwester|pfleger(?:in)?|infirmi[eè]re?
    |enfermer[ao]|infermier[ea]|verpleegkundige|sköterska|sjuksköterska|sykepleier|sygeplejerske
    |hoitaja|pielęgniark[aę]|radiographer|technologist|midwife|hebamme)[ ]
    {_NAME}(?=[ ][a-zà-ÿ]|[.,;:)]|$)"""
_CALLED = rf"""(?<![^\W_])
    (?i:called|phoned|rang|reached|angerufen:?|appelé|llamado|gebeld|ringde)[ ]
    {_NAME}(?=[ ](?i:on|at|under|unter|au|al|op|på|numerosta)?[ ]?[+(]?\d|[ ]?$)"""
# -- Jerry Tucker
_SIGNED = rf"^[ \t\#%*/>]*(?:--|—|–)[ ]?{_NAME}[ \t]*$"
_CLINICAL = re.compile(
    rf"(?i:\b(?:{_DONE})(?:[ ]electronically)?[ ]by\b|\b(?:{_STAFF})s?\b|diktiert|befundet|saisi)",
    re.VERBOSE,
)
_AUTHORS = re.compile(
    r"(?i:\bauthor|copyright|licen[cs]e|\bwritten by|\bcoded|maintain|implement|contribut|adapted"
    r"|modified by|developed|©|\bcit(?:e|ation)\b|et al|doi|acknowledg|\bthank|funded|correspond"
    r"|curat)"
)


@cache
def _ordinary() -> frozenset[str]:
    """Words that a capitalised word behind a cue may be: those of fields, of speech and of tests.

    Names that are such words too count only beside another.
    """
    named = {word for name in public_names() for word, _, _ in split_words(name)}
    words = named | NO_FAMILY | ALSO_WORDS | SPEECH | EPONYMS | vocabulary()
    return frozenset(words - (given_names() | family_names())) | NO_FAMILY | EPONYMS | SPEECH


def is_ordinary(word: str) -> bool:
    """Whether a word in small letters is one of fields, tests or speech, and hardly a name."""
    return word in _ordinary() or (bool(concepts(word)) and word not in given_names())


_CITED = re.compile(r",? (?:et al|and colleagues|\(?(?:19|20)\d\d[a-z]?\)?)|[- ]?\d{4}\b")
_AFTER = re.compile(
    r"(?:['’]s)?[ -](?i:hospital|universit|institut|cent(?:er|re)|clinic|klinik|inventory|scale"
    r"|test|task|questionnaire|index|disease|syndrome|foundation|award|atlas|area|transform|filter"
    r"|correction|criteri|sequence|space|matri|paradigm|model|effect|school|street|road)"
)


def _name_in(text: str, start: int, end: int, *, alone: bool) -> tuple[int, int] | None:
    """The part of a match that can be a name: up to the first ordinary word; None if none is left.

    ``alone``: whether one word is enough.
    """
    words = list(re.finditer(r"[^\W\d_][\w'’.-]*", text[start:end]))
    kept: list[re.Match[str]] = []
    for word in words:
        plain = folded(word[0].strip(".'’-"))
        small = word[0][0].islower()
        if (
            not small
            and len(plain) > 1
            and any(is_ordinary(part) for part in (plain, *plain.split("-")))
        ):
            break
        kept.append(word)
    while kept and kept[-1][0][0].islower():
        kept.pop()
    full = [w for w in kept if len(w[0].strip(".")) > 2 and w[0][0].isupper()]
    if not full or (len(full) == 1 and len(kept) == 1 and not alone):
        return None
    if len(full) == 1 and len(kept) == 1 and _ABSTRACT.search(folded(full[0][0])):
        return None  # Subject Numbering
    if len(full) == 1 and (len(full[0][0]) < 4 or (full[0][0].isupper() and len(full[0][0]) < 5)):
        return None
    first, last = start + kept[0].start(), start + kept[-1].end()
    while text[last - 1] in "'’.-" and text[last - 1] != ".":
        last -= 1
    if _CITED.match(text, last) or _AFTER.match(text, last):
        return None
    return first, last


_ABSTRACT = re.compile(
    r"(?:[a-z]{3}(?:rings?|tings?|ding|ning|sing|tions?|sions?|ments?|ness|ances?|ences?)|ology"
    r"|graphy|ability)$"
)


def announced_names(text: str, *, credit: bool) -> Iterator[Span]:
    """Names that words around them announce.

    Parameters
    ----------
    text
        Any text.
    credit
        Whether authors stand in it on purpose, as in code and papers: then lines that give credit
        count only where somebody is said to have scanned, read or dictated.
    """
    for kind, form, alone in _NAMING:
        for match in form.finditer(text):
            span = _name_in(text, *match.span("name"), alone=alone)
            if span is None:
                continue
            if credit:
                line = _line(text, match.start())
                if _AUTHORS.search(line) or (gives_credit(line) and not _CLINICAL.search(line)):
                    continue
            yield kind, *span


def announced_staff(text: str) -> Iterator[Span]:
    """Names of who filled something in, by words that only people are behind: ``typed by``."""
    for match in _STAFF_BY.finditer(text):
        span = _name_in(text, *match.span("name"), alone=False)
        if span is not None:
            yield "staff-name", *span


_STAFF_BY = re.compile(_BY, re.VERBOSE | re.MULTILINE)


def names_somebody(text: str) -> bool:
    """Whether a text is two or three capitalised words and nothing else, none of them ordinary.

    >>> names_somebody("Zvarok Immelin"), names_somebody("Body Coil"), names_somebody("Prisma")
    (True, False, False)
    """
    return _NAME_ALONE.fullmatch(text) is not None and not any(
        is_ordinary(word) for word, _, _ in split_words(text) if len(word) > 1
    )


_NAME_ALONE = re.compile(
    r"(?:[^\W\d_a-z]\.[ ]?|[^\W\d_a-z][\w'’-]+,?[ ])(?:(?:van|von|de|der|den|la|al|di)[ ]){0,2}"
    r"[^\W\d_a-z][\w'’-]{2,}(?:[ ][^\W\d_a-z][\w'’-]+)?"
)


_ROLE = re.compile(
    rf"(?P<role>(?:[^\W\d_][\w'’-]*[ _]){{0,2}}?[^\W\d_][\w'’-]*)\.?(?:[ ]?[:=-][ ]*"
    rf"|[ ])[\"'(]?{_TITLE}{_NAME}",
)


def role_names(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Names with the words before them, which may say whose they are: ``laborantka Jana Zvarok``.

    Where a name begins that way in another language, the words are for ``fields`` to judge.
    """
    for match in _ROLE.finditer(text):
        span = _name_in(text, *match.span("name"), alone=False)
        if span is not None:
            yield match["role"], match["role"].split()[-1], *span


_NAMING = tuple(
    (kind, re.compile(form, re.VERBOSE | re.MULTILINE), alone)
    for kind, form, alone in (
        ("person-name", _STRONG, True),
        ("staff-name", _BY, False),
        ("person-name", _WEAK, False),
        ("person-name", _DOING, False),
        ("person-name", _ACTING, True),
        ("person-name", _POSSESSIVE, True),
        ("person-name", _BESIDE, False),
        ("person-name", _APPOSED, False),
        ("person-name", _WHO, False),
        ("staff-name", _NURSES, True),
        ("person-name", _CALLED, True),
        ("staff-name", _SIGNED, False),
    )
)


def _line(text: str, at: int) -> str:
    stop = text.find("\n", at)
    return text[text.rfind("\n", 0, at) + 1 : stop if stop >= 0 else len(text)]


_REST = r"(?P<value>[^\n.;:,()<>\"'|]{3,60})"
_LIFE: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "demographic",
        re.compile(
            r"(?<!no )(?<!without )(?i:\b(?:diagnosed with|diagnos(?:is|e|tic|tico|i)|suffers? from"
            r"|suffering from|medical history|comorbidity|leidet an|souffre d[e'])) ?[:=-]? ?"
            + _REST
        ),
    ),
    (
        "demographic",
        re.compile(
            r"(?<![^\W_])(?:V\.? ?a\.|Z\.? ?n\.|Vd\.|S/P|s/p)[ :]{1,2}"
            r"(?P<value>[^\n.;:,()<>\"'|]{4,60})"
        ),
    ),
    (
        "demographic",
        re.compile(
            r"(?<!no )(?<!without )(?i:\b(?:h/o|known for|known)) (?P<value>"
            r"[A-Z][^\n.;:,()<>\"'|]{3,50})"
        ),
    ),
    (
        "demographic",
        re.compile(
            r"(?i:\b(?:he|she|patient|who) has|^has|(?<=[.!\n] )has)"
            r" (?P<value>[A-Z][^\n.;:,()<>\"'|]{3,50}?)(?= since| for \d|[.\n]|$)",
            re.M,
        ),
    ),
    (
        "demographic",
        re.compile(
            r"(?i:\b(?:works? as|worked as|working as|employed as|occupation|profession|beruf"
            r"|(?:current |last )?job|retired|trained as|arbeitet als|travaille comme"
            r"|trabaja (?:de|como)|trabalha como|lavora come|werkt als|arbetar som|arbeider som"
            r"|arbejder som|pracuje jako|työskentelee|pracuje ako|dolgozik|çalışıyor)"
            r")(?: ?[:=-] ?| )(?:(?:a|an|the|as) )?" + _REST
        ),
    ),
    (
        "demographic",
        re.compile(
            r"(?i:\b(?:he|she|father|mother|wife|husband|patient) (?:is|was) (?:an? |the ))"
            r"(?P<value>[^\n.;:,()<>\"'|\d]{4,50})"
        ),
    ),
    (
        "demographic",
        re.compile(
            r"(?i:\b(?:ethnicity|ethnic group|nationality|religion|mother tongue|native language"
            r"|herkunft|country of birth|birthplace|origin) ?[:=] ?)(?P<value>[A-Z][^\n.;:,()<>\"'|"
            r"]{2,40})"
        ),
    ),
)
_INSTITUTION = re.compile(
    r"(?<![\w-])(?:(?:[A-ZÀ-Þ][\w'’.-]*|of|de|for|the|St\.|Dept\.),? ){0,5}"
    r"(?:[A-ZÀ-Þ][\w'’-]*)?(?:Hospitals?|Klinik(?:um)?|Clinic|klinik(?:um)?|Infirmary|Ospedale"
    r"|Hôpital|CHU|CHRU|Sjukhuset|sjukhuset|Krankenhaus|krankenhaus|Hospice|Policlinico|Policlínica"
    r"|Elementary School|High School|Primary School|Grundschule|Gymnasium|Sairaala|sairaala"
    r"|Medisch Centrum|Medical Cent(?:er|re)|Imaging (?:Cent(?:er|re)|Associates|Clinic)|Sykehus"
    r"|Ziekenhuis|Szpital|Centre IRM|Centro M[ée]dico|Santa Casa|Medical Group|Radiolog\w+ Praxis"
    r"|Praxis|\w*[Ll]asarett|\w+sairaala|\w+sjukhus|\w+sykehus|\w+ziekenhuis|Kórház"
    r"|[Ss]ykehus|[Ss]jukhus|[Zz]iekenhuis|[Nn]emocnice|[Ss]zpital|kórház|[Hh]astanesi"
    r"|Spital(?:ul)?"
    r"|Bolnica|Centre [Hh]ospitalier|Hospitalet|Poliklinik\w*|Centro de Salud|Clínicas?"
    r"|Cl[ií]nica|Azienda Ospedaliera)"
    r"(?:[ -](?:(?:de|of|di|del|la|le|for|the|San|Sankt|St\.?) ){0,2}[A-ZÀ-Þ][\w'’-]*){0,3}"
    r"(?=$|[^\w])|[\u3040-\u30ff\u4e00-\u9fff]{2,14}"
    r"(?:病院|医院|醫院|診療所|诊所|クリニック|医療センター|医学中心|大学|大學)"
    r"|[\uac00-\ud7af]{2,12}(?:병원|의료원|대학교)"
    r"|(?:Dept\.|Department) of [A-Z]\w+, (?:[A-Z][\w'’.-]*[ ,]?){1,4}"
)
_KNOWN_FOR = re.compile(
    r"(?i:(?<!no )\b(?:known|history of|h/o|has|with|suspected|portador[ae]? de|affett[oa] da"
    r"|atteinte? d[e']|chor[ya] na|sjuk i|lijdt aan|bekend met|diagnosticad[oa] (?:de|con|com)"
    r"|con|mit|med"
    r"|sairastaa|bekannte[rs]?|verdacht auf|susp\.?|diag(?:nosed)?\.?|dg\.?|rozpoznano|lider av"
    r"|padece(?: de)?|choruje na|porteuse? d[e']|sofre de|soffre di|carrier of|porteuse? d[e']))"
    r" (?P<value>[^\s.;:,()<>\"'|]+(?: [^\s;:,()<>\"'|]+){0,4})"
)
_FEW_WORDS = re.compile(r"\S+(?:[ ]+\S+){0,4}")
_NO_ILLNESS = re.compile(
    r"(?i:(?:none|no|not|see|n/?a|unknown|control|healthy|patient|group|and|or|of|by|in|the|to|was"
    r"|is|were|code|status|column|right|left|good|bad|same|member|native|smoker|only|task|trial"
    r"|list|id|number|value|yes|true|false|null|based|made|according|criteria|age|date|matched|with"
    r"|\d)\b)"
)
_ILLNESS = re.compile(
    r"(?i:(?<![^\W_])(?:[^\W_]{3,}(?:itis|itide|ite|ozis|osis|oz[ay]|plegia|plégie|paresis"
    r"|pathy|pathie"
    r"|patia|patía|trophy|trophie|trofia|trofi|plasia|plasie|a?emia|émie|oma|phrenia|phrenie|lepsy"
    r"|lepsie|epsia|cephaly|cephalie|cefalia|gyria|gyrie|gnosia|fuscinosis?|fuscinose|siderosis"
    r"|dystonia|taxia|taxie|sclerose|sclérose|sclerosi|sarkose|zidose|uria)"
    r"|syndroma?|syndromet?|syndrome[sn]?|síndrome|sindrome|oireyhtymä|\w+-?oireyhtymä|zespół"
    r"|sy[n]?\."
    r"|\w*-?tauti|morbus|disease|\w*-?krankheit|\w*-?erkrankung|maladie|malattia|enfermedad|doença"
    r"|ziekte|\w*ziekte|choroba|nemoc|\w*-?sjukdom|\w*-?sykdom|\w*-?sygdom|hastalığı"
    r"|palsy|sclerosis|epilepsy|dementia|cancer|tumou?r|stroke|autism|chorea|insomnia"
    r"|psychosis|cadasil|melas|merrf|carasil|deletion|duplication|trisomy|monosomy|translocation"
    r"|fragile x|lissencephaly|ichthyosis|spectrum disorder|personality disorder)(?![^\W_]))"
    r"|\b[mc]\.\d+[ACGT]>[ACGT]|\bp\.[A-Z][a-z]{2}\d+|\b4[57],X[XY]*\b"
    r"|\b\d{1,2}[pq]\d\d(?:\.\d+)?\b"
)
_NO_ILLNESS_WORDS = frozenset(
    """opposite composite website favorite favourite infinite finite definite granite satellite
    suite despite elite write white site invite anisotropy osmose diagnosis prognosis hypnosis
    mitosis osmosis synaptosoma symptoma soma stoma aroma chroma
    genoma sympathy empathy telepathy academia anemone diploma""".split()  # noqa: SIM905
)


def names_illness(text: str) -> bool:
    """Whether a short text names an illness by the form of its words.

    >>> names_illness("Marfan syndrome"), names_illness("incongruent"), names_illness("diagnosis")
    (True, False, False)
    """
    return len(text) < _LONGEST_ILLNESS and any(
        match[0].lower() not in _NO_ILLNESS_WORDS for match in _ILLNESS.finditer(text)
    )


_LONGEST_ILLNESS = 80


def announced_lives(text: str) -> Iterator[Span]:
    """Illnesses, trades, origins and institutions that a text says of somebody."""
    yield from tongues_and_origins(text)
    for match in _KNOWN_FOR.finditer(text):
        if names_illness(match["value"]):
            yield "demographic", *match.span("value")
    for kind, form in _LIFE:
        for match in form.finditer(text):
            value = match["value"]
            if _NO_ILLNESS.match(value.strip()):
                continue
            start = match.start("value") + len(value) - len(value.lstrip())
            short = _FEW_WORDS.match(value.strip())
            yield kind, start, start + len(short[0] if short else value.strip())


def announced_institutions(text: str) -> Iterator[Span]:
    """Hospitals, clinics and schools by the words of their names."""
    for match in _INSTITUTION.finditer(text):
        stretch = match[0].strip(" ,")
        if _OF_TEMPLATES.search(_line(text, match.start())):
            continue
        if len(stretch.split()) > 1 or len(stretch) > 12 or _SIGNS.search(stretch):
            start = match.start() + match[0].index(stretch)
            yield "institution", start, start + len(stretch)


# Atlases, programs and papers name where they were made.
_OF_TEMPLATES = re.compile(
    r"(?i:(?<![^\W_])(?:template|atlas|parcellation|mni\d*\w*|icbm\w*|toolbox|software|pipeline"
    r"|cited?|citation|doi|copyright)(?![^\W_]))"
)
_SIGNS = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
_HOME = re.compile(
    r"(?i:\b(?:lives?(?: now)? (?:at|in)|living (?:at|in)|residing (?:at|in)|resides? (?:at|in)"
    r"|(?:home |postal |mailing )?address(?: is)?|wohnhaft(?: in)?|wohnt in|anschrift|adresse"
    r"|demeurant(?: à| au)?|habite(?: au)?|vive en|abita in|asuu|bor på|bor i"
    r"|domicili[ée]e?(?: au| à)?"
    r"|mora (?:na|no|em)|woont(?: in| op)?|zamieszkał[ya]|bydlí|morada|osoite|bydliště|moved to"
    r"|disc to|send to|post to"
    r"|dirección|indirizzo|adres)\b) ?:? ?(?P<value>[^\n;()<>\"|]{4,70})"
)
_PLACE = re.compile(
    r"(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{4} ?[A-Z]{2}"
    r"|\d{5}(?:-\d{3,4})?"
    r"|\d\d-\d{3}|\d{4}-\d{3}|\d{3}[ -]\d{2,4}|(?:[A-Z]{1,3}-)?\d{4,6})(?![\w-])"
)
_POSTAL = re.compile(
    r"(?i:\b(?:post ?code|postal code|zip(?: code)?|plz|postleitzahl|code postal|c[oó]digo postal"
    r"|postnummer|postcode area|zip area|home zip|cep|cap|psč|kod pocztowy|postinumero|postinro"
    r"|codice postale|postnr\.?|irsz\.?|code postal"
    r"|cp)(?![^\W_])) ?[:=#]? ?(?P<one>[A-Za-z\d][A-Za-z\d -]{2,9})"
    r"|(?P<two>[A-Z\d][A-Z\d -]{3,9}?) ?\((?i:post ?code|zip(?: code)?|plz)\)"
)


_LIVING = re.compile(
    r"(?i:liv|resid|wohn|demeur|habit|vive|abita|home|moved|disc|asuu|bor |mora |woont|zamie|bydl)"
)


def announced_places(text: str, *, homes: bool = False) -> Iterator[Span]:
    """Addresses and postcodes behind words such as *lives at*, *wohnhaft*, *ZIP*.

    ``homes``: only where somebody lives, as in papers, where laboratories give their address.
    """
    for match in _HOME.finditer(text):
        if homes and not _LIVING.match(match[0]):
            continue
        value = match["value"].rstrip(" .,")
        house = re.search(r"(?<!\w)\d{1,4}[a-z]?(?!\w)", value)
        code = _PLACE.search(value)
        capital = re.search(r"(?<!\w)[^\W\d_a-z]", value)
        if code or (house and capital):
            yield "address", match.start("value"), match.start("value") + len(value)
    for match in () if homes else _POSTAL.finditer(text):
        group = "one" if match["one"] else "two"
        code = _PLACE.match(text, match.start(group))
        if code:
            yield "address", *code.span()


_PATH = re.compile(
    r"(?<![\w./~$}*>@:-])(?:file:/{2,3})?(?P<root>[A-Za-z]:[\\/]{1,2}|\\{2,4}[\w.-]+\\{1,2}|/)"
    r"(?P<rest>(?:[\w.@+ -]{1,40}?[\\/]{1,2}){0,9}[\w.@+-]{1,60})"
)
_STEP = re.compile(r"[^\\/]+")
_LOGIN = re.compile(r"[^\W\d_]{2,}(?:[._-][^\W\d_]+)?\d{0,3}")


def is_account(word: str) -> bool:
    """Whether a word below ``home`` or ``Users`` may be an account, and is no word of computing.

    >>> is_account("jdoe"), is_account("scratch"), is_account("sub-01")
    (True, False, False)
    """
    return _may_be_account(word)


def announced_accounts(text: str) -> Iterator[Span]:
    """Account names in paths: ``/scratch/jdoe/run``, ``\\\\nas\\share\\jane.doe``, ``D:/jdoe``.

    The first step of an absolute path that is no word of computing or neuroimaging, no study's
    label and no name of a file. Folders of the system hold none.
    """
    for match in _PATH.finditer(text):
        steps = list(_STEP.finditer(text, *match.span("rest")))
        drive = match["root"] != "/"
        if len(steps) < (2 if drive else 3) or steps[0][0].lower() in _OF_SYSTEM:
            continue
        for number, step in enumerate(steps[:6]):
            if number == 0 and not drive:
                continue
            word = step[0].strip()
            if word.lower().startswith(("sub-", "ses-", "ds0")):
                break
            if _may_be_account(word):
                yield "user-path", step.start(), step.end()
                break


@lru_cache(maxsize=16384)
def _may_be_account(word: str) -> bool:
    if not _LOGIN.fullmatch(word) or not _SHORTEST_LOGIN <= len(word) <= _LONGEST_LOGIN:
        return False
    if any(map(str.isupper, word[1:])):
        return False  # MyProject
    parts = [folded(part) for part in re.findall(r"[^\W\d_]+", word)]
    if len(parts) > 1 and all(part in given_names() | family_names() for part in parts):
        return True
    return not any(
        part in vocabulary() or part in _OF_COMPUTING or _is_word(part) for part in parts
    )


def _is_word(part: str) -> bool:
    """Whether a part of a path is a word, also in the plural and put together of two (fmriprep)."""
    known = vocabulary() | _OF_COMPUTING
    single = part.removesuffix("s")
    if single in known or (is_ordinary(part) and part not in given_names() | family_names()):
        return True
    return any(part[:at] in known and part[at:] in known for at in range(3, len(part) - 2))


_SHORTEST_LOGIN, _LONGEST_LOGIN = 4, 24
_OF_SYSTEM = frozenset(
    """usr opt bin sbin lib lib64 etc var proc sys dev applications library system app sw cvmfs
    singularity nix snap boot run tmp cm software modules program programdata windows""".split()  # noqa: SIM905
) | {"program files", "program files (x86)"}
_OF_COMPUTING = frozenset(
    """scratch work data project projects proj imaging gpfs lustre beegfs nfs mnt srv export exports
    storage vol vols volume volumes media group groups lab labs user users home share shares
    shared neuro raw rawdata sourcedata derivatives derivs bids dicom dicoms dcm nifti niftis nii
    mri mrt mr fmri dti dwi eeg meg pet anat func fmap desktop documents downloads document study
    studies studie etude out output outputs input inputs in results result analysis analyses
    analyse auswertung logs log temp cache scripts script code src bin lib libs env envs venv
    conda anaconda miniconda micromamba mamba python matlab toolbox toolboxes spm fsl afni ants
    freesurfer fastsurfer fmriprep smriprep qsiprep mriqc xcpd xcp aslprep heudiconv datalad docker
    singularity apptainer slurm jobs job cluster node nodes server servers cloud drive onedrive
    dropbox nextcloud owncloud sync backup backups archive archives old new current latest final
    test tests testing demo example examples template templates atlas atlases masks mask models
    model stim stimuli stimulus tasks task session sessions subject subjects subj participant
    participants person people public private internal external common local global main master
    dataset datasets database databases db repo repos repository git github gitlab openneuro
    openfmri adni oasis hcp ukb ukbiobank biobank abide camcan nki ixi dallas human connectome
    flywheel xnat redcap fileserver filer nas san disk disks disc discs ssd hdd usb remote host
    dept department institute university hospital clinic clinical research science sciences
    psychology neuroscience radiology neurology psychiatry medicine medical brain cognitive
    cogneuro imagen first second third level preproc preprocessing processed proc pipeline pipelines
    workflow workflows workdir workingdir tmpdir figures figure plots plot tables reports report
    paper papers manuscript train training validation valid eval config configs settings
    resource resources misc various transfer incoming outgoing staging import imports upload
    uploads download site sites visit visits baseline followup batch""".split()  # noqa: SIM905
)
_BORN = re.compile(
    r"(?i:(?<![^\W_])(?:born(?: on| in)?|birthda(?:y|te)(?: is| was)?|date of birth|d\.?o\.?b\.?"
    r"|b\.|geb\.?(?: am)?|geboren(?: am| op)?|geburtsdatum|geburtstag|née? le|nacid[oa](?: el)?"
    r"|nat[oa] il|birth(?: date)?|naissance|nascid[oa] em|född|født|syntynyt|urodzon[ya]"
    r"|narozen[ya]?|bday|patdob|f\.|f\. ?nac\.?|nac\.|ur\.|nar\.|s\.|geb\. ?datum|fødselsdato"
    r"|szül\.|doğum)[ :=\"'(]{0,4})$|\*[ ]?$"
)


_VISIT = re.compile(
    r"(?i:(?<![^\W_])(?:(?:took|takes) place(?: on)?|(?:re)?scanned(?: on)?|date[ _]of[ _]\w{3,14}"
    r"|(?:scan|exam|visit|session|test|surgery|admission|mri|acquisition|injury|consent|discharge"
    r"|death|onset|study)[ _-]?date(?: is| was)?"
    r"|(?:scan|mri|session|visit|surgery|operation)(?: on| of| at)?|examined(?: on)?"
    r"|admitted(?: on)?|admission|discharged?|untersuch\w*(?: am)?|fecha|datum|dato|onset|enrolled"
    r"|died(?: on)?|seizure)[ :=\"'(]{1,4}(?:[A-Z][a-z]{2,8}[.,]* )?)$"
)


@lru_cache(maxsize=16384)
def says_visit(before: str) -> bool:
    """Whether the words before a date say that somebody was scanned, seen or treated then."""
    return _VISIT.search(before) is not None


@lru_cache(maxsize=16384)
def says_born(before: str) -> bool:
    """Whether the words before a date say that somebody was born then."""
    return _BORN.search(before) is not None
