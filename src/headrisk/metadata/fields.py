"""What the names of fields and columns say about their values.

The names are those of BIDS, of dcm2niix, of DICOM keywords and of everyday tables. They are
compared without case and separators.
"""

from __future__ import annotations

import re
from functools import lru_cache

from headrisk.dataset.labels import WRITTEN, one_spelling
from headrisk.metadata.dicom_dictionary import profile_table
from headrisk.metadata.national_ids import REGISTER_WORDS
from headrisk.metadata.notations import clock_of, notations, years_of
from headrisk.metadata.patterns import matches
from headrisk.metadata.people import folded
from headrisk.metadata.words import concepts, field_concept, field_words, topic_words, topics

_NAMES: dict[str, str] = {
    "person-name": """patientname patientsname patientbirthname otherpatientnames othernames
        patientsmothersbirthname fullname firstname lastname surname givenname familyname forename
        middlename maidenname initials subjectname participantname nickname responsibleperson
        nachname vorname familienname patientenname prenom nomdefamille apellido apellidos
        cognome sobrenome sukunimi etunimi nimi efternamn fornamn etternavn fornavn
        achternaam voornaam nazwisko imie prijmeni jmeno""",
    "staff-name": """operatorsname operatorname operator technologist radiographer technician
        referringphysicianname referringphysician performingphysicianname performingphysiciansname
        requestingphysician nameofphysiciansreadingstudy physiciansofrecord physician
        scheduledperformingphysicianname experimenter examiner interviewer radiologist
        responsibleorganization personname verifyingobservername""",
    "patient-id": """patientid patientsid otherpatientids mrn medicalrecordnumber recordnumber
        hospitalid hospitalnumber ssn socialsecuritynumber nhsnumber nationalid passport
        passportnumber insurancenumber issuerofpatientid patientsinsuranceplancodesequence
        medicalrecordlocator hospitalno patientno patientnr patientnumber chartnumber
        patientennummer versichertennummer potilasnumero pesel originalid sourceid oldid dicomid
        realid clinicalid clinicid""",
    "national-id": """henkilotunnus hetu personnummer fodselsnummer cprnumber cprnr
        codicefiscale sozialversicherungsnummer ahvnummer""",
    "birth-date": """patientbirthdate patientsbirthdate birthdate dateofbirth dob birthday
        patientbirthtime birthtime geburtsdatum geburtstag birthyear yearofbirth syntymaaika
        syntymapaiva datedenaissance fechanacimiento fechadenacimiento datadinascita
        fodelsedatum fodselsdato geboortedatum dataurodzenia datanascimento""",
    "email": "email emailaddress mail sahkoposti epost correo courriel",
    "phone": """phone phonenumber telephone telephonenumber mobile patienttelephonenumbers
        referringphysiciantelephonenumbers fax cellphone telefon telefonnummer handynummer puhelin
        puhelinnumero telefono telefoon""",
    "address": """address patientaddress street streetaddress city town zip zipcode postcode
        postalcode countryofresidence regionofresidence referringphysicianaddress
        latitude longitude gps gpscoordinates anschrift adresse strasse plz wohnort osoite
        postinumero kotikunta direccion indirizzo adres woonplaats placeofresidence hometown
        residence""",
    "accession-number": """accessionnumber studyid admissionid requestedprocedureid
        scheduledprocedurestepid performedprocedurestepid placerordernumberimagingservicerequest
        fillerordernumberimagingservicerequest visitid caseid""",
    "date": """acquisitiondate acquisitiondatetime studydate seriesdate contentdate date scandate
        visitdate sessiondate examdate dateofscan dateofvisit mridate
        instancecreationdate performedprocedurestepstartdate scheduledprocedurestepstartdate
        performedprocedurestependdate dateoflastcalibration datetime acqtime
        patientdeathdateinalternativecalendar deathdate dateofdeath admissiondate dischargedate
        creationdate""",
    "acquisition-time": """acquisitiontime studytime seriestime contenttime instancecreationtime
        performedprocedurestepstarttime performedprocedurestependtime timeoflastcalibration
        scantime""",
    "serial-number": """deviceserialnumber serialnumber detectorid gantryid plateid cassetteid
        receivecoilserialnumber coilserialnumber scannerid deviceid""",
    "station-name": """stationname performedstationname scheduledstationname
        scheduledstationaetitle performedstationaetitle retrieveaetitle sourceapplicationentitytitle
        performedstationnamecodesequence""",
    "institution": """institutionname institutionaldepartmentname institution department hospital
        clinic institutioncodesequence requestingservice performedlocation institutionaddress
        hospitaladdress employer arbeitgeber tyonantaja employeur workplace schoolname""",
    "body-measure": "patientweight patientsize patientheight patientbodymassindex",
    "demographic": """patientsex patientage patientsage ethnicgroup occupation
        patientreligiouspreference religion nationality maritalstatus patientspecies smokingstatus
        pregnancystatus militaryrank branchofservice admittingdiagnosesdescription medicalalerts
        allergies""",
    "free-text": """imagecomments comments comment notes note remark remarks patientcomments
        studycomments additionalpatienthistory patienthistory reasonforstudy reason history
        interpretationtext requestedprocedurecomments visitcomments freetext observations
        observation feedback anamnesis framecomments acquisitioncomments diagnosisdescription
        subjectartefactdescription subjectartifactdescription""",
    "session-setting": """shimsetting tableposition txrefamp tableheight
        shimcurrents""",
    "host-name": "hostname computername nodename",
    "user-path": "username user login userid loginname",
    "command-line": "cmdline commandline cmdargs",
}
_BY_NAME = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_SEPARATORS = re.compile(r"[\W_]+")
_VERSION_WORDS = (
    "version",
    "release",
    "doi",
    "license",
    "software",
    "generatedby",
    "units",
    "consistencyinfo",
    "wipmemblock",
    "pulsesequencedetails",
    "modelname",
    "manufacturer",
    "firmware",
    "hardware",
    "associatedemptyroom",
)

_TIME_WORDS = ("date", "day", "time", "stamp", "epoch", "created", "modified", "visit", "datum")
# What the profile's other attributes are, by value representation.
_BY_VR = {
    "PN": "staff-name",
    "DA": "date",
    "DT": "date",
    "TM": "acquisition-time",
    "UI": "uid",
    "AE": "station-name",
}


@lru_cache(maxsize=32768)
def plain_name(name: str) -> str:
    """A field's name without case, accents and separators."""
    plain = _SEPARATORS.sub("", name).lower()
    return plain if plain.isascii() else folded(plain)


@lru_cache(maxsize=16384)
def kind_of_field(name: str) -> str:
    """The kind of finding of any value of a field with this name; "" if it does not say."""
    plain = plain_name(name)
    if plain in _BY_NAME:
        return _BY_NAME[plain]
    if plain.endswith("uid") and len(plain) > 3:
        return "uid"
    if plain.endswith(("serialnumber", "serialno")):
        return "serial-number"
    if plain.endswith("physicianname"):
        return "staff-name"
    return _kind_of_words(name)


def _kind_of_words(name: str) -> str:
    """The kind that the words of a name tell; a value's form must bear it out (``bears_out``)."""
    said, topic = concepts(name), topics(name)
    words = frozenset(word for word in field_words(name) if not word.isdigit())
    if (
        ("credential" in said and words.isdisjoint(_NO_KEYS))
        or words == {"pw"}
        or words >= {"mot", "passe"}
        or ("key" in words and words & _KEYS)
        or (
            words & {"cle", "chave", "llave", "chiave"}
            and words & _KEYS | {"acces", "secrete"} & words
        )
        or words >= {"palavra", "passe"}
    ):
        return "credential"
    if "serial" in said and "measure" not in said and not words & _SERIES:
        return "serial-number"
    if "posta" in words and words & {"elettronica", "e"}:
        return "email"
    if "email" in said and not words & {"sent", "received", "count"}:
        return "email"
    if said & {"measure"} and not (topic & {"insurance"} and said & {"id"}):
        return ""
    if words & {"ip", "mac"} and said & {"address"}:
        return "network-address"
    if "phone" in said or words >= {"cell", "number"}:
        return "phone"
    if "by" in words and words & {"consent", "consented"}:
        return "person-name"
    if ("by" in words and (words & _DONE or _by_somebody(name))) or _done_by(name):
        return "staff-name"  # tested_by, ScannedBy, messung_durch
    if "account" in said and "text" not in said and not words & {"length", "scissors"}:
        return "user-path"
    if "birth" in said and (words & _WHERE or "address" in said):
        return "address"  # town of birth, country of birth
    if "sex" in topic and not said & {"background", "illness", "scan"}:
        return "demographic"
    if "birth" in said or words >= {"ne", "le"}:
        if "name" in said:
            return "person-name"  # nom de naissance
        return "" if "born-other" in said else "birth-date"
    if _is_background(said) and words.isdisjoint(_GROUPED):
        return "demographic"
    if words >= {"genetic", "disorder"} or words >= {"medical", "history"}:
        return "demographic"
    if words & {"reason", "question", "problem"} and words & _EXAMS:
        return "demographic"  # reason for exam, clinical question
    if words & _SPOKEN and words & _MOTHER:
        return "demographic"
    if (
        ("own-name" in said and words.isdisjoint(_PROGRAMMED))
        or ("name" in said and "host" not in topic and _names_somebody(said, words))
        or (
            "person" in said
            and words & _PARTS_OF_NAMES
            and said <= {"person", "record", "which-name", "fill"}
        )
    ):
        return "staff-name" if "staff" in said else "person-name"
    if "host" in topic and words & {"pacs", "ris"}:
        return "host-name"
    if _is_insured(said, words, topic):
        return "patient-id"
    if (
        (words & _ORDERS and (words & _ORDERED or "id" in said))
        or words & _ORDERING
        or ("order" in topic and "id" in said)
        or words >= {"study", "id", "number"}
    ):
        return "accession-number"
    if words & {"passport"} or (words & {"card", "licence", "license"} and words & _CARDS):
        return "patient-id"
    if "record" in said and "id" in said and not words & {"key", "previous"}:
        return "patient-id"
    if words & (_RECORDS | REGISTER_WORDS) or ("id" in said and words & _PATIENT):
        return "patient-id"
    if "id" in said and "institution" in said and not words & {"code", "codes"}:
        return "patient-id"  # ziekenhuisnummer
    if len(words & field_concept("record")) > 1 and words.isdisjoint(_STATES):
        return "patient-id"  # historia clinica, cartella clinica
    if (
        ("postcode" in said and not words >= {"psc", "id"})
        or (words & _POST and words & _POST_CODES)
        or ("address" in said and not words & {"ip", "mac", "network"})
    ):
        return "address"
    if "text" in said or words >= {"free", "text"} or words >= {"other", "specify"}:
        return "free-text"
    if "staff" in said or (
        words & {"tech", "op", "opr"} and (words <= _SHORT_STAFF or "scan" in said)
    ):
        return "staff-name"
    if words >= {"time", "day"} and "duration" not in said:
        return "acquisition-time"
    if "date" in said and ("duration" not in said or words & {"date", "datum", "fecha"}):
        return "date"
    if "time" in said and "duration" not in said and (said & {"scan", "id"} or said <= _CLOCK):
        return "acquisition-time"
    if "institution" in said and not words & {"visit", "visits", "days", "stay"}:
        return "institution"
    if ("host" in topic and not said & {"duration", "measure"}) or words >= {"ae", "title"}:
        return "host-name"
    if words & {"system", "scanner", "gantry", "device", "equipment", "anlage"} and "id" in said:
        return "serial-number"
    if "age" in said or words == {"m", "f"} or plain_name(name) == "mf":
        return "demographic"
    if "scan" in said and words & _BEGUN:
        return "acquisition-time"
    if words - _FILLERS in _POSTCODE_NAMES and _ELECTRODE.fullmatch(name) is None:
        return "address"
    return ""


_SHORT_STAFF = frozenset(
    """tech op opr name initials mr mri rad scanner console id code session scan t""".split()  # noqa: SIM905
)


def _is_insured(said: frozenset[str], words: frozenset[str], topic: frozenset[str]) -> bool:
    """Whether a name is that of an insurer's number or of a card that bears somebody's number."""
    carded = bool(words & _CARD)
    if carded and (words >= {"cartao", "sus"} or said & {"record", "person"}):
        return True
    if "insurance" not in topic or said & {"date", "text"} or words & {"type", "status"}:
        return False
    return "id" in said or carded or bool(words & _INSURERS - _NOT_ALONE)


_INSURERS = topic_words("insurance")
# Sure, member, user, agreement: words for insurers that have another use.
_NOT_ALONE = frozenset(
    """seguro securite seguridad assure sanitaria member utente insurance insured payer
    assicurazione forsakring forsikring verzekering vakuutus""".split()  # noqa: SIM905
)
_CARD = frozenset({"cartao", "karte", "kort", "kortti", "carte", "card", "tarjeta", "tessera"})
_BEGUN = frozenset({"start", "started", "begin", "began", "end", "ended", "stop", "inicio"})
# CP, C.P. (code postal, código postal), CAP (codice di avviamento postale), Dutch PC4 to PC6.
_POSTCODE_NAMES = frozenset({frozenset({"cp"}), frozenset({"c", "p"}), frozenset({"cap"})})
_ELECTRODE = re.compile(r"(?i:cp\d{1,2})")
_FILLERS = frozenset({"subj", "pt", "patient", "subject", "demographics", "home", "1", "2", "3"})


def _done_by(name: str) -> bool:
    """Whether a name ends in a word for *by* behind what somebody did: saisi_par, messung_durch."""
    words = field_words(name.rstrip("0123456789_. -"))
    if len(words) < 2 or words[-1] not in _BY_WORDS:
        return False
    if words[-1] != "by" and _PARTICIPLE.fullmatch(words[-2]):
        return True
    return words[-2] in _DONE_ABROAD or "scan" in concepts(words[-2])


# What was done, by the ends of such words: gemessen, scanné, realizado, eseguito, wykonane.
_PARTICIPLE = re.compile(
    r"(?:ge|be|er|ver)\w{3,}(?:t|en|d)|\w{2,}ge\w{3,}(?:t|en|d)|\w{3,}(?:iert|fuhrt|sucht|stellt"
    r"|[aiu]d[oa]|[aiu]t[oa]|[ei]ttu|[ea]t|ad|ne|ue|re|te|se|an[eya]|no)|fait|hecho|feito|fatto"
    r"|gjort"
)
_BY_WORDS = frozenset(
    """by durch von par por door przez av af da wykonal wykonala snimal snimala provedl
    provedla""".split()  # noqa: SIM905
)
_DONE_ABROAD = frozenset(
    """qc erfasst gemessen gescannt untersucht eingegeben erstellt befundet durchgefuhrt saisi
    mesure     realise effectue acquis examine redige medido realizado realizada adquirido
    examinado registado     registrado introducido firmado eseguito eseguita acquisito inserito
    redatto opgenomen gescand     ingevoerd uitgevoerd gemeten skannad utford matt inmatad
    registrerad undersokt skannet utfort     zebrane zebrano segmentert segmentiert kontrolliert
    geplant malt wykonane wykonano wykonal zbadany wprowadzone provedl provedeno""".split()  # noqa: SIM905
)
# Keys of dictionaries, keyboards and of sorting, and their German word: no secrets.
_NO_KEYS = frozenset({"response", "pressed", "button", "keyboard", "sort", "foreign", "primary"})


def _is_background(said: frozenset[str]) -> bool:
    """Whether a name speaks of trade, origin or illness, and not of notes on them."""
    return bool(said & {"background", "illness"}) and said.isdisjoint(("id", "text"))


def _names_somebody(said: frozenset[str], words: frozenset[str]) -> bool:
    """Whether *name* is that of a person: a patient's, a first one; not a file's or a task's."""
    if words & _NO_NAMES:
        return False
    if words & _FOREIGN_NAMES and len(words) == 1:
        return True  # namn, nimi: what BIDS and software call Name they call so in English
    if (
        said <= {"name", "id", "fill"}
        and len(words) > 1
        and all(len(word) == 1 or word in {"pt", "pn"} | field_concept("name") for word in words)
    ):
        return True  # P_NAME
    if "consent" in words:
        return True
    if said & {"person", "staff"}:
        return True
    return bool(words & _WHICH) and said <= {"name", "which-name", "fill", "birth", "scan"}


# Orders of examinations, and what they are orders of.
_ORDERS = frozenset(
    {
        "order",
        "request",
        "exam",
        "placer",
        "filler",
        "acc",
        "specimen",
        "barcode",
        "requisition",
        "ris",
        "pacs",
        "accession",
    }
)
_ORDERED = frozenset({"lab", "placer", "filler", "ris", "pacs", "specimen", "barcode"})
_ORDERING = frozenset(
    {"requisition", "accession", "auftrags", "auftragsnummer", "auftragsnr", "auftrag"}
)
_EXAMS = frozenset(
    {
        "exam",
        "examination",
        "scan",
        "mri",
        "referral",
        "admission",
        "clinical",
        "imaging",
        "medical",
        "presenting",
    }
)
_WHERE = frozenset(
    {
        "place",
        "country",
        "land",
        "city",
        "state",
        "lieu",
        "pays",
        "pais",
        "lugar",
        "luogo",
        "paese",
        "ort",
        "region",
        "county",
    }
)
_MOTHER = frozenset({"first", "native", "mother", "home", "second", "maternal"})
_SPOKEN = frozenset({"language", "tongue"})
_GROUPED = frozenset({"group", "status", "years", "level", "code", "grade", "type", "age", "high"})
# init stands for initials, and for the beginning of programs.
_PROGRAMMED = frozenset(
    {
        "proc",
        "procedure",
        "script",
        "function",
        "value",
        "values",
        "state",
        "seed",
        "weights",
        "time",
        "file",
        "object",
        "objects",
    }
)
_PARTS_OF_NAMES = frozenset({"given", "family", "first", "last", "middle"})
_FOREIGN_NAMES = field_concept("name") - {"name", "names", "nm"}
_NO_NAMES = frozenset(
    """file task site group drug scan coil project study sequence series protocol
    model test session condition tract region roi atlas label column variable channel event item
    stimulus software device manufacturer study map template space""".split()  # noqa: SIM905
)
_WHICH = frozenset(
    """completo completa complet usuel vollstandig first last given family full middle maiden
    legal real preferred sur fore nick birth christian famille familj familia
    rodzinne""".split()  # noqa: SIM905
)
_POST = frozenset({"post", "posta", "postal"})
_POST_CODES = frozenset({"code", "nr", "no", "kodu", "kod", "kode", "number", "nummer"})
_CARDS = frozenset({"health", "insurance", "identity", "driver", "drivers"})
_CLOCK = frozenset({"time", "fill", "person", "birth", "date"})  # hora, uhrzeit, time of day
_KEYS = frozenset(
    """api access private secret ssh encryption account auth license licence activation session
    master webhook deploy""".split()  # noqa: SIM905
)
# Serial recall and reaction times, and states of health: no numbers of devices and records.
_SERIES = frozenset(
    """recall position reaction rt order learning subtraction sevens task trial list
    presentation seven srt dependence time""".split()  # noqa: SIM905
)
_STATES = frozenset(
    """status type source site national social security health medical clinical clinic
    hospital history screening dicom""".split()  # noqa: SIM905
)
_DONE = frozenset(
    """scanned tested performed read recorded entered reviewed rated scored examined checked done
    acquired collected operated administered assessed interviewed referred seen signed segmented
    drawn uploaded verified gescannt untersucht""".split()  # noqa: SIM905
)
_PARTICIPLES = frozenset({"given", "taken", "written", "sent", "made", "brought", "held", "run"})
_SORTED = frozenset({"generated", "sorted", "grouped", "followed", "divided", "indexed"})


def _by_somebody(name: str) -> bool:
    """Whether a name ends in what somebody did: lastCalibratedBy, digitised_by."""
    words = field_words(name)
    if len(words) < 2 or words[-1] != "by" or words[-2] in _SORTED:
        return False
    return words[-2].endswith("ed") or words[-2] in _PARTICIPLES


_PATIENT = frozenset(
    """patient patients patienten pat pt potilas paciente paziente hasta pacjenta pacienta beteg
    malade pasient pasients pasienten pasientens patientens patientin pacient pacientes pacientului
    pacijenta pacijent pazienti bolnik bolnika patsient patsiendi pacients pacjent""".split()  # noqa: SIM905
)
# Words that name a register by themselves.
_RECORDS = frozenset(
    """mrn ssn hetu pesel cpr cpf curp bsn personnummer henkilotunnus
    sairauskertomus nip pid krankenkassennummer dossiernummer nhc ipp uhid empi
    prontuario matrikelnummer matrnr krankenaktennummer fallnummer fallnr
    piz accession journalnummer journalnr
    prolificpid workerid sonaid bank konto policy passport reisepass jmbg oib
    egn cnp emso isikukood amka svnr svnummer idnr nif nie
    fodselsnummer codicefiscale aadhaar versichertennummer sozialversicherungsnummer medicare
    burgerservicenummer kennitala iban eid
    subscriber beneficiary kassennummer kassennr versicherungsnummer versicherungsnr versichertennr
    policennummer polis polisnummer polisnr poliza polizza apolice verzekeringsnummer
    verzekerdennummer verzekeringsnr forsakringsnummer forsikringsnummer vakuutusnumero
    vakuutustunnus sigortano""".split()  # noqa: SIM905
)


def may_name_illness(name: str) -> bool:
    """Whether a field may tell somebody's illness, if its value names one: condition, findings.

    >>> may_name_illness("condition"), may_name_illness("TaskName")
    (True, False)
    """
    return not _MAY_NAME_ILLNESS.isdisjoint(field_words(name))


_MAY_NAME_ILLNESS = frozenset(
    """condition conditions disorder disorders problem problems complaint complaints finding
    findings impression phenotype status history reason group case syndrome""".split()  # noqa: SIM905
)


@lru_cache(maxsize=16384)
def may_hold_prose(name: str) -> bool:
    """Whether a field may hold what somebody wrote, if its value is a sentence: details, a report.

    >>> may_hold_prose("Q23_5_TEXT"), may_hold_prose("TaskDescription"), may_hold_prose("StimText")
    (True, False, False)
    """
    words = frozenset(field_words(name))
    return bool(words & _PROSE) and words.isdisjoint(_METHODS)


_PROSE = frozenset(
    """detail details report text entry diary story event events hist history medication notice
    describe
        incidental experience dream symptoms symptom complaint accident life interview statement
    impression findings finding incident thoughts worst wellbeing mood""".split()  # noqa: SIM905
)
_METHODS = frozenset(
    """stim stimulus stimuli task software sequence pulse method methods description instruction
    instructions trial hardware version model license preprocessing coordinate system type file url
    levels columns column display prompt question item label hed""".split()  # noqa: SIM905
)


def bears_out(kind: str, text: str, name: str = "") -> bool:
    """Whether a value can be what the words of its field's name promise.

    A field whose name only contains *date* holds a date, one that only contains *phone* a number:
    other values there are counts, codes and answers.
    """
    letters, digits = any(map(str.isalpha, text)), sum(map(str.isdigit, text))
    if kind == "date":
        return bool(notations(text)) or _within(text, "date")
    if kind == "birth-date":
        if concepts(name) & {"fill"} and digits in (1, 2) and text.strip().isdigit():
            return True  # the day or month of a birth
        return bool(notations(text)) or _within(text, "date") or digits >= 4
    if kind == "acquisition-time" and name and "time" not in concepts(name):
        return (clock_of(text) or 0) > 0 and (re.fullmatch(r"\d{1,5}\.\d+", text.strip()) is None)
    if kind == "acquisition-time":
        return (clock_of(text) or 0) > 0 or re.fullmatch(r"\d{6}(?:\.\d+)?", text) is not None
    if kind in ("host-name", "network-address"):
        return _HOST.fullmatch(text.strip()) is not None
    if kind == "demographic" and name and of_age_or_sex(name):
        return years_of(text) is not None or folded(text.strip().rstrip(".")) in _SEXES
    if kind == "serial-number":
        return digits >= 4 and len(text) <= 40 and not _DECIMAL.fullmatch(text.strip())
    if kind == "phone":
        return digits >= 5
    if kind == "email":
        return "@" in text or _AT.search(text) is not None
    if kind in ("person-name", "staff-name"):
        named = letters and text.strip().lower() not in _ANSWERS and not _is_label(text)
        if name and _by_somebody(name) and not _DONE.intersection(field_words(name)):
            return named and _FULL_NAME.fullmatch(text.strip()) is not None
        return named and len(text.strip()) > (kind == "staff-name")
    if kind == "accession-number":
        decimal = _DECIMAL.fullmatch(text.strip()) and not _ORDER_PART.fullmatch(text.strip())
        return digits >= 4 and len(text.strip()) <= 32 and not decimal
    if kind == "patient-id":
        if name and "insurance" in topics(name) and "id" not in concepts(name):
            return digits >= 5
        if name and _COUNTED.intersection(field_words(name)):
            return digits >= 6
        return digits > 0 and len(text) >= 3
    if kind == "address":
        spelt = frozenset(word for word in field_words(name) if not word.isdigit())
        if spelt - _FILLERS in _POSTCODE_NAMES:
            return _SOME_POSTCODE.fullmatch(text.strip()) is not None
        return len(text) >= 3 and text.strip().lower() not in _ANSWERS
    if kind in ("institution", "free-text", "credential", "user-path"):
        return letters and text.strip().lower() not in _ANSWERS
    return True


def of_age_or_sex(name: str) -> bool:
    """Whether a name promises an age or a sex alone, so that only such values count."""
    said = concepts(name)
    return (
        ("age" in said or "sex" in topics(name))
        and not said & {"background", "illness"}
        and (not is_exact_name(name))
    )


# A computer's name has a digit, a point, a hyphen or a line in it; a plain word is a task's.
_HOST = re.compile(
    r"(?=[^ ]*[\d._-])(?=[^ ]*[A-Za-z])(?!\d+[.,]\d+[A-Za-z]*$)(?!.*\.(?:py|sh|m|json|nii|gz|txt)$)"
    r"[A-Za-z\d][\w.-]{3,62}"
    r"|(?:\d{1,3}\.){3}\d{1,3}|(?:[\da-fA-F]{2}[:-]){5}[\da-fA-F]{2}"
)
_SEXES = frozenset(
    """m f w d k h v male female man woman men women boy girl mann frau mannlich weiblich divers
    herr homme femme masculin feminin hombre mujer masculino femenino feminino masculina femenina
    varon hembra maschio femmina maschile femminile uomo donna mies nainen vrouw mannelijk
    vrouwelijk jongen meisje kvinna kvinne kvinde mand gutt jente pojke flicka mezczyzna kobieta
    chlopiec dziewczynka muz zena homem mulher menino menina rapaz rapariga ferfi no kadin erkek
    intersex nonbinary non-binary transgender trans transgender woman transgender man other
    nino nina chico chica garcon fille poika tytto ragazzo ragazza junge madchen""".split()  # noqa: SIM905
) | {"transgender woman", "transgender man", "trans woman", "trans man", "non binary"}
_SOME_POSTCODE = re.compile(
    r"(?:[A-Z]{1,2}-)?\d{4,6}(?: ?[A-Z]{2})?(?: [^\W\d_][\w .'’-]*)?|\d{2,3}[- ]\d{2,4}"
    r"|\d{4,5}-\d{3,4}"
)
# Numbers of units, files and folders are numbers of patients only if they are long.
_COUNTED = frozenset({"unit", "file", "folder", "case", "chart", "order", "exam", "pid", "nip"})
# Software calibrates and labels as well: only first and last names, or an initial.
_FULL_NAME = re.compile(r"[^\W\d_a-z][\w'’.-]*(?:[ ,^]+[^\W\d_a-z][\w'’.-]*){1,3}")
_DECIMAL = re.compile(r"[-+]?\d*\.\d+(?:[eE][-+]?\d+)?")
_ORDER_PART = re.compile(r"\d{7,}\.\d")  # the first part of an order
_AT = re.compile(r"\w ?(?:[\[({] ?(?:at|a|@) ?[\])}]|\s(?:at|AT|chez|bei)\s) ?\w")


def kind_of_value(name: str, text: str) -> str:
    """The kind of finding that a value is by its field's name, if it bears the name out."""
    kind = kind_of_field(name)
    return kind if kind and (is_exact_name(name) or bears_out(kind, text, name)) else ""


def _within(text: str, kind: str) -> bool:
    return any(found == kind for found, _, _ in matches(text))


_LABEL = re.compile(rf"{WRITTEN['sub']}|{WRITTEN['ses']}|[A-Za-z]{0, 3}[-_]?\d+[A-Za-z]?")
_ANSWERS = frozenset(
    """yes no y n m f male female left right both none never always often sometimes
    rarely control patient high low mid day night am pm morning evening afternoon true false ja nein
    oui non si kylla ei urban rural other same""".split()  # noqa: SIM905
)


def _is_label(text: str) -> bool:
    return _LABEL.fullmatch(one_spelling(text)) is not None


@lru_cache(maxsize=16384)
def tells_times(name: str) -> bool:
    """Whether a whole number in this field may be a date or a time."""
    plain = plain_name(name)
    return (
        any(word in plain for word in _TIME_WORDS)
        or re.search(r"(?:[a-z]At|_at|_ts|[a-z]Ts)$", name) is not None
    )


@lru_cache(maxsize=16384)
def tells_versions(name: str) -> bool:
    """Whether values of this field look like dates or addresses without being any."""
    plain = plain_name(name)
    return any(word in plain for word in _VERSION_WORDS)


@lru_cache(maxsize=16384)
def is_exact_name(name: str) -> bool:
    """Whether a field is called as BIDS, DICOM, dcm2niix or everyday tables call it."""
    return plain_name(name) in _BY_NAME


@lru_cache(maxsize=4096)
def kind_of_attribute(tag: int, vr: str, name: str) -> str:
    """The kind of finding that a value of a protected DICOM attribute is."""
    if tag >> 16 & 1:
        return "private-attribute"
    by_name = kind_of_field(name.replace("'s", "").replace("Patients", "Patient"))
    if by_name and not (by_name == "accession-number" and vr in _BY_VR):
        return by_name
    known = profile_table().get(tag)
    return _BY_VR.get(known.vr if known and known.vr != "UN" else vr, "dicom-attribute")
