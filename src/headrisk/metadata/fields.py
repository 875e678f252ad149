"""What the names of fields and columns say about their values.

The names are those of BIDS, of dcm2niix, of DICOM keywords and of everyday tables. They are
compared without case and separators.
"""

from __future__ import annotations

import re
from functools import lru_cache

from headrisk.metadata.people import folded
from headrisk.metadata.profile import profile_table

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
        observation feedback anamnesis framecomments acquisitioncomments diagnosisdescription""",
    "session-setting": """shimsetting tableposition txrefamp tableheight
        shimcurrents""",
    "host-name": "hostname computername nodename",
    "user-path": "username user login userid loginname",
    "command-line": "cmdline commandline cmdargs",
}  # fmt: skip
_BY_NAME = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_SEPARATORS = re.compile(r"[\W_]+")
_VERSION_WORDS = ("version", "release", "doi", "license", "software", "generatedby", "units",
                  "consistencyinfo", "wipmemblock", "pulsesequencedetails")  # fmt: skip

_TIME_WORDS = ("date", "day", "time", "stamp", "epoch", "created", "modified", "visit", "datum")
_ENDINGS = (
    ("surname", "person-name"), ("lastname", "person-name"), ("firstname", "person-name"),
    ("givenname", "person-name"), ("familyname", "person-name"), ("forename", "person-name"),
    ("fullname", "person-name"), ("nachname", "person-name"), ("vorname", "person-name"),
    ("sukunimi", "person-name"), ("etunimi", "person-name"), ("patientname", "person-name"),
    ("subjectname", "person-name"), ("participantname", "person-name"),
    ("medicalrecordnumber", "patient-id"), ("hospitalnumber", "patient-id"),
    ("hospitalno", "patient-id"), ("passportnumber", "patient-id"), ("patientid", "patient-id"),
    ("phonenumber", "phone"), ("emailaddress", "email"), ("homeaddress", "address"),
    ("postcode", "address"), ("postalcode", "address"), ("zipcode", "address"),
)  # fmt: skip

# What the profile's other attributes are, by value representation.
_BY_VR = {
    "PN": "staff-name",
    "DA": "date",
    "DT": "date",
    "TM": "acquisition-time",
    "UI": "uid",
    "AE": "station-name",
}


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
    if plain.endswith(("birthdate", "dateofbirth")):
        return "birth-date"
    if plain.endswith("physicianname"):
        return "staff-name"
    return next((kind for ending, kind in _ENDINGS if plain.endswith(ending)), "")


@lru_cache(maxsize=16384)
def tells_times(name: str) -> bool:
    """Whether a whole number in this field may be a date or a time."""
    plain = plain_name(name)
    return (
        any(word in plain for word in _TIME_WORDS)
        or re.search(r"(?:[a-z]At|_at)$", name) is not None
    )


@lru_cache(maxsize=16384)
def tells_versions(name: str) -> bool:
    """Whether values of this field look like dates or addresses without being any."""
    plain = plain_name(name)
    return any(word in plain for word in _VERSION_WORDS)


@lru_cache(maxsize=4096)
def kind_of_attribute(tag: int, vr: str, name: str) -> str:
    """The kind of finding that a value of a protected DICOM attribute is."""
    if tag >> 16 & 1:
        return "private-attribute"
    by_name = kind_of_field(name.replace("'s", "").replace("Patients", "Patient"))
    if by_name:
        return by_name
    known = profile_table().get(tag)
    return _BY_VR.get(known.vr if known and known.vr != "UN" else vr, "dicom-attribute")
