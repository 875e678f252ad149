"""Names of fields and columns cut into words, and what the words stand for.

``AgeAtScan``, ``age_at_scan``, ``ageatscan`` and ``AGE-at-Scan_w2`` are one name: *age at scan*.
Words of a dozen languages are mapped to one concept each, so that rules are written once.
"""

from __future__ import annotations

import re
from functools import lru_cache

from headrisk.metadata.people import folded

_WAVE = re.compile(r"(?<=[A-Z])([WTVY])(?=\d)")  # VISIT_AGEW1
_RUNS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

# Concept by concept, words folded to lower case without accents.
_CONCEPTS: dict[str, str] = {
    "person": """patient patients patienten patientin pat subject subjects subj participant
        participants pt proband probandin volunteer person child kid mother father parent mom
        mum dad spouse partner guardian twin sibling relative caregiver carer informant client
        respondent examinee paciente paziente potilas potilaan tutkittava tutkittavan
        osallistuja osallistujan deltagare deltaker pacjent pacjenta pacient pacienta malade
        henkilo henkilon persona personne individual member contact kin subjekt teilnehmer
        teilnehmerin participante partecipante hasta beteg donor probandi sujet sujeto soggetto
        sujeito teilnehmende versicherter versicherte osoba badany vysetrovany patiente ucastnik
        vizsgalt respondente nok who witness ptnt patnt versuchsperson versuchspersonen
        proefpersoon deelnemer deelnemers forsoksperson forsokspersoner angehorige angehoriger
        angehorigen ansprechpartner ansprechpartnerin kontaktperson contactpersoon anhorig
        anhoriga anhorige narmast familiar acompanhante acompanante accompagnatore accompagnant
        mutter vater madre padre mere pere moeder vader mor far aiti isa matka ojciec mae pai
        begleitperson omainen lahiomainen beneficiary forsokspers uczestnik uczestnika
        participantes voluntario voluntaria volontaire probando badanego badanej patientens
        pacientes pasient pasients pasienten pasientens pacientului pacijenta pacijent
        pacijentkinja hastanin asthenous asthenis pacients bolnika bolnik patsient patsiendi
        malalt forsoksdeltaker forsogsperson forsogspersonen kliens kontakt""",
    "staff": """operator operators technologist technician radiographer physician physicians
        doctor examiner rater experimenter interviewer nurse investigator assessor therapist gp
        clinician researcher attending consultant analyst assistant secretary tester surgeon
        radiologist neurologist reviewer untersucher arzt hausarzt medico medecin lakare laakari
        hoitaja arts lekarz operateur operador referrer coordinator psychologist psychiatrist
        supervisor scanoperator mtra mta mtr reader readers sonographer bediener bedienerin
        messleiter versuchsleiter versuchsleiterin untersucherin befunder oberarzt oberarztin
        hausarztin uberweiser zuweiser tecnico tecnica evaluador evaluadora avaliador avaliadora
        esaminatore esaminatrice valutatore operatore operadora operatrice manipulateur
        manipulatrice experimentateur examinateur evaluateur kuvaaja hoitajan tutkija
        rontgenhoitaja technik technika badajacy badajaca laborant laborantka laborantin
        proefleider proefleidster onderzoeker uitvoerder behandelaar huisarts
        rontgensjukskoterska sjukskoterska skoterska undersokare forsoksledare radiograf
        radiologe radiologin radiologista radiologo radiologue neurologe neurologue neurologo
        doctora doctores medica medici medecins laakarit lakaren lege fastlege overlege
        reumatologe psychiater lekarka lekarze lekare technikus orvos hekim doktor tekniker rtg
        lekar lekari lekarem doktorn tehnician tehnicianul tehnicar teknisyen undersoker
        undersokere undersoeger vysetrujici vysetrujuci vizsgalo laege laegen metge medicul
        liecnik lijecnik osetrovatel kezeloorvos kezelo haziorvos zdravnik arst gydytojas arsts
        behandler behandlende radiografo assistentin praktiserende utforende utforare
        ausfuhrender messender onderzoekster sestra asistent asistenta uzman muayene tecnic
        medic
        rontgenskoterska manip technicien technicienne tecnologo tecnologa tecnologista tsrm
        laborantti laborante radiographe versuchsleitung experimentator experimentadora
        experimentador testleiter prufer pruferin scorer kodierer kodiererin encuestador
        encuestadora entrevistador entrevistadora intervistatore intervistatrice enqueteur
        enquetrice ankieter ankieterka elektroradiolog obsluga bedienung asistente assistente
        hiwi kokeenjohtaja mittaaja forsogsleder infirmier infirmiere enfermero enfermera
        enfermeiro enfermeira infermiere infermiera verpleegkundige pielegniarka pielegniarz
        krankenschwester pfleger pflegerin aerztin arztin einweiser prescripteur prescriber
        responsable responsabile responsavel ansprechpartner ansprechpartnerin betreuer
        betreuerin realizador suoritti mittasi skannasi kuvasi kuvannut kuvantaja wykonal
        wykonala snimal snimala vizsgalta felvette ceken bioanalyytikko bioanalytiker radiologus
        asszisztens rontgenasszisztens teknisyeni mitarbeiter mitarbeiterin medewerker
        medarbeider medarbejder medarbetare collaborateur collaboratrice collaboratore
        colaborador colaboradora pracownik tyontekija personeel""",
    "name": """name names nimi nom nombre nome naam namn navn nimet jmena nev isim adi nazwa
        jmeno vards vardas nm onoma ime nume numele neve navnet jmenem imena""",
    "own-name": """maiden surname surnames lastname firstname forename nickname maidenname
        vorname nachname familienname prenom apellido apellidos cognome sobrenome sukunimi
        etunimi etunimet efternamn fornamn tilltalsnamn etternavn efternavn fornavn achternaam
        voornaam nazwisko imie prijmeni jmeno initials initialen initiales middlename givenname
        familyname fullname mellomnavn vezeteknev keresztnev soyadi init inits kutsumanimi
        geburtsname rufname alias prezime vards uzvards pavarde vardas perekonnanimi naisnimi
        eesnimi kin signature nume prenume csaladnev csalad utonev vezetek kereszt isim soyad
        adsoyad adisoyadi usuel nombres sobrenomes surnom signatory unterschrift podpis
        handtekening underskrift onomateponymo eponymo zuname zunamen nominativo sukunimet
        roepnaam roepnamen tussenvoegsel cognomi prenoms koko nomcomplet vollername kokonimi
        helenavn fullnamn meno priezvisko cognoms llinatges onoma ime priimek fornavne
        slaegtsnavn""",
    "which-name": """first last given family full middle maiden legal real preferred christian
        mothers fathers complete famille familj familia rodzinne""",
    "birth": """birth birthdate birthday bday dob born geburt geburts geburtsdatum geburtstag
        geboren naissance nacimiento nascita nascimento syntyma syntymaaika syntymapaiva
        syntynyt fodelse fodelsedag fodd fodt fodsels fodselsdag bdate brthdat brthdt brth
        birthdat birthdt birthdte geboorte geboortedatum urodzenia urodzin narozeni szuletesi
        dogum birthyear yob nato nata nee ddn fnac geb gebdat gebdatum urodz urodzony narozen
        narodenia szul rodjenja rodenja rojstva sunnikuupaev gimimo dzimsanas brthdtc dobirth
        nascido nascida nacido nacida geborenam geborenop urodzona narozena narodzin fodelseort
        geburtsjahr fodselsar nataa natail neele dnaissance datanascita nasterii naixement
        narodil narodila nacimentos""",
    "date": """date dates datum dato fecha paivamaara pvm paiva day dag tag jour dia giorno
        dzien timestamp datetime epoch dt datestamp doa dos dov doe dod created modified
        calendar datetimes creation mmddyy ddmmyy yymmdd mmddyyyy ddmmyyyy yyyymmdd dmy mdy ymd
        unixtime tarih tarihi tarihleri datums kuupaev termin enrolled enroled randomised
        randomized uploaded signed recordeddate""",
    "time": """time times clock hour uhrzeit zeit heure hora ora aika klokkeslett tid tijd
        godzina cas saat saati godz ido orario klockslag kellonaika kello messbeginn startzeit
        tijdstip zeitpunkt heures uhr klokke tidspunkt orarios scanzeit messzeit
        untersuchungszeit starttijd aanvangstijd begintijd eindtijd kuvausaika alkuaika debut
        horario horas inizio godziny startuhrzeit scantid starttid inicio aanvang poczatek""",
    "age": """nenrei umur edat vozrast yasi age ages alter ika edad eta idade leeftijd alder
        wiek vek yas lebensalter kor ageyrs agey agemo agem agemos agedays agemonths ageyears
        eletkor wieku ageatscan leeftijden alders idades eeta edades wiekpacjenta ikavuosina
        alderen aldern""",
    "id": """id ids identifier identifiers number no nr num nummer nro numero code kode tunnus
        label eid key guid uuid kennung barcode pseudonym ident identity identification numer
        cislo ref refno kennzeichen numera broj szam codice kood koodi kuerzel matricule sorszam
        stevilka numar numarul arv rekvisisjonsnr""",
    "record": """mrn ssn nhs hetu pesel medical hospital clinic clinical record chart insurance
        passport national social security original old real source dicom screening registry
        health ehr emr pacs driver license licence patientid versicherung versicherten
        versichertennummer sozialversicherung krankenkasse reisepass historia expediente dossier
        cpr bsn dni nif nie cpf personnummer henkilotunnus fodselsnummer codicefiscale aadhaar
        sin medicare dva pid redcap xnat orig former previous local siteid chi ahv nir rodne
        burgerservicenummer nis unos fiscale fiscal steuer hosp prontuario cartella kartoteka
        krankenakte krankenakten krankenaktennummer aufnahme fallnummer fallnr patnr piz ipp nhc
        nip uhid empi ris accession admission encounter policy biobank specimen prolific
        prolificpid mturk worker workerid sona sonaid student matrikel matrikelnummer matrnr
        employee staff requisition kis unit epic placer filler drivers bank iban konto journal
        journalnummer clinica paciente patient paziente chartno chartnum lab case folio sygehus
        sairaala legacy linking linkage versicherungs kassen verzekerings forsakrings
        forsikrings seguro assicurazione historii choroby krankenblatt sairauskertomus
        ziekenhuis registro hospitalar permanent permanente identifiant fiche akte akten
        kartoteki chorobopis personalausweis ausweis citizen cidadao ciudadano obywatel sotu
        rodnecislo pnr osobni identite identidad kimlik szemelyi zdravotni stammdaten
        matriculation nuhsa cip sip foaie foaia broj pacijentov taj szam
        processo""",
    "email": """email emails mail reply epost sahkoposti correo courriel mailadresse mailaddress
        emailadresse emailadressen courriels poczta eposta sahkopostiosoite electronico
        electronique mailadres mailadressen""",
    "phone": """phone phones telephone tel mobile pager fax telefon telefonnummer handy
        handynummer puhelin puhelinnumero telefono telefone telefoon telefonnr cellphone mobil
        kannykka matkapuhelin telefonu telefonszam telefonni cellulare cellular celular movil
        telemovel portable komorka gsm whatsapp landline mobiel mobilnummer mobiltelefon
        telefoonnummer rufnummer ceptel telnr ruckruf ruckrufnummer rueckruf puhelimen mobilnr
        contactnummer""",
    "postcode": """zip zipcode postcode postal postalcode plz postleitzahl postinumero
        codepostal postnummer psc eircode pincode codigopostal postnr cep pocztowy iranyitoszam
        irsz postakodu avviamento posta postkode pincodes postinro postleit postc enderecamento
        woonadres postanski postala postnumre iranyito""",
    "address": """address street anschrift adresse adress strasse direccion indirizzo osoite
        adres residence hometown city town village municipality suburb wohnort kotikunta
        woonplaats domicile ville ciudad citta latitude longitude gps birthplace postort ort
        kommune parish neighbourhood neighborhood katuosoite endereco ulica stadt geolocation
        calle rue rua morada bydliste lakcim gatuadress residencia residenz addr wohnadresse
        residencial wohnanschrift hausnummer huisnummer kotiosoite lahiosoite domicilio
        domicilios hemort bostad bostadsort gatuadresse avenida straatnaam woonadres straat
        zamieszkania zamieszkanie adresu miejscowosc localidad localita localidade municipio
        comune commune kotipaikka paikkakunta adreca adresi domiciliu domiciliul bydlisko
        bydlista lakohely lakohelye prebivaliste stanovanje naslov aadress adrese bosted bopael
        bopel bostedsadresse ikamet ikametgah dievthynsi adresai adresa adresy""",
    "institution": """institution institute department hospital clinic ward employer workplace
        arbeitgeber tyonantaja university college sykehus sairaala krankenhaus hopital ospedale
        klinik klinikum kaupunki schoolname infirmary zentrum centre sykehuset clinique cliniche
        einrichtung abteilung standort zuweisende krankenhauser uniklinik hospitaal ziekenhuis
        instelling afdeling vestiging sjukhus sjukhuset lasarett avdelning enhet vardcentral
        osasto laitos yksikko placowka placowki szpital szpitala oddzial oddzialu jednostka
        instituicao instituicoes servico centro clinica clinicas struttura reparto presidio
        etablissement etablissements institucion hospitalier nemocnice oddeleni pracoviste
        korhaz osztaly hastane kurum spital sectie sykehusavdeling employeur werkgever
        arbetsgivare arbeidsgiver pracodawca zatrudnienie empregador empleador bolnica bolnice
        kliniek kliniken hospitalet haigla ligonine slimnica klinika klinice klinikk nosokomeio
        hastanesi krajska""",
    "text": """comment comments note notes remark remarks freetext narrative specify explain
        reason reasons feedback observation observations anamnesis bemerkung bemerkungen
        kommentar kommentare huomautus huomautukset huomio huomiot remarque remarques
        commentaire commentaires nota notas observaciones opmerking opmerkingen poznamka uwagi
        commento commenti notat merknad anmerkung anmerkungen verbatim anteckning additional
        answer answers why lisatietoja comentario comentarios notiz notizen beschwerden befund
        befunde befundtext beurteilung notlar aciklama megjegyzes bemaerkning anmarkning
        osservazioni osservazione observacoes observacao describe complaint complaints
        transcript debrief debriefing thoughts incident incidents anamnese verlauf
        besonderheiten besonderheit auffalligkeiten hinweis hinweise antecedentes historial
        anotaciones anotacao anotacoes annotazioni annotazione komentarz komentarze komentar
        anteckningar anmarkningar observationer toelichting bijzonderheden lisatieto merknader
        bemaerkninger deviations deviation memo precisions informacje""",
    "credential": """password passwd pwd passphrase token secret apikey credential credentials
        passwort salasana kennwort contrasena senha haslo heslo parola losenord wachtwoord clave
        motdepasse webhook privatekey sshkey accesskey zugangscode zugangsschlussel zugangsdaten
        zugangsdatum schlussel geheimnis jeton mdp parolachiave toegangssleutel toegangscode
        sleutel losen losenordet adgangskode passord tajenstvi klucz dostepu haslem segredo
        bearer passkey passcode authkey sessionkey motpasse lozinka contrasenya sifre sifreniz
        jelszo salasona geslo parool parole slaptazodis kodeord losning passwoord zaporka""",
    "uid": "uid uids",
    "serial": """serial serialnumber serialno sn serienummer seriennummer serienr seriennr serie
        matricola sarjanumero seryjny vyrobni sorozatszam seri serijski geraetenummer
        geratenummer tillverkningsnummer gerateseriennummer gerate anlagen spulen seriales
        seryjnego tillverknings apparaat apparatus vyrobniho matricole sarjanro""",
    "account": """user users login userid skype twitter instagram facebook whatsapp linkedin
        tiktok snapchat telegram username handle screenname gamertag orcid""",
    "scan": """scan scans mri mr fmri acq acquisition acquired session ses visit series study
        content exam examination measurement measured recording recorded appointment assessment
        assessed collection collected injection start started end ended begin arrival admission
        discharge interview test tested testing enrollment enrolment consent treatment surgery
        death onset event baseline followup follow up besuch untersuchung untersuchungs kaynti
        kuvaus examen visite visita besok mesure messung imaging procedure performed instance
        creation calibration entry completed completion dosing mra pet ct eeg meg bold dwi cog
        cognitive blood draw sample undersokning undersokningen undersokelse undersogelse
        badanie badania onderzoek messungen risonanza ressonancia resonancia exame exames opname
        scanning skanning skannaus kuvauksen tutkimuspaiva eksamen vysetreni vizsgalat cekim irm
        rmn mrt zabieg consulta ricovero ingreso alta admision internamento aufnahme entlassung
        aufnahmedatum
        acquisizione untersuchungen opnamen badan""",
    "illness": """indication diagnosis diagnoses diagnose diagnostic diagnostico diagnosi
        diagnosticos disease diseases comorbidity comorbidities illness diagnoosi diagnos
        rozpoznanie kondisjon erkrankung krankheit maladie enfermedad malattia ziekte sairaus
        grunderkrankung grunderkrankungen vorerkrankung vorerkrankungen hauptdiagnose
        nebendiagnose indikation indikationen indicatie indicazione indicacion indicacao
        hoofddiagnose nevendiagnose huvuddiagnos bidiagnos paadiagnoosi diagnoza choroba choroby
        schorzenie doenca doencas sjukdom sjukdomar sykdom sygdom sairauden enfermedades
        patologia patologie pathologie pathology quesito motif motivo icd omim orpha snomedct
        genetic diagnozis betegseg tani hastalik onemocneni nemoc syndrom disorder disorders dg
        hpo orphacode anamnestic korisme dijagnoza dijagnoze betegsegek kortortenet diagnoze
        diagnoosid bolezen bolest bolesti afectiune afectiuni boala malaltia sygdomme lidelse
        lidelser sykdommer hastaliklar""",
    "access": "auth api access aws redcap db ssh ftp",
    "duration": """duration reaction response rt latency elapsed dauer duree kesto
        completiontime tmt seconds secs sec ms msec minutes mins repetition echo inversion delay
        dwell readout interval onset sleep asleep bed wake waking awake rise nap trial relative
        gap lag decay wait stopwatch speed reactiontime responsetime runtime timing walk gait""",
    "measure": """size sizes noise hours score scores total scale percentile pct percent index
        rating ratio zscore scaled standardized standardised normed norm norms equivalent
        adjusted adj corrected corr gap delta squared sq std sd mean residual resid predicted
        pred brain bone mental reading type confidence agreement accuracy difference diff change
        group band bin range category cat centered centred count level""",
    "background": """occupation occupations job jobs profession metiers beruf berufe trade
        metier oficio profesion trabajo professione mestiere lavoro ammatti yrke zawod povolani
        foglalkozas meslek beroep profissao employment religion religious konfession confession
        religione kirkkokunta herkunft birthplace race racial nationality staatsangehorigkeit
        nationalite nacionalidad nazionalita kansalaisuus ethnicity ethnic ethnie etnia school
        schule schulname escuela ecole scuola skola koulu citizenship dialect muttersprache
        tatigkeit tatigkeiten berufsbezeichnung ausgeubter ocupacion ocupacao puesto empleo
        emploi functie stanowisko tyo arbete arbeid stilling beruflich profissional impiego
        mansione attivita zamestnani munkahely iskola occupatione meserie isyeri meslegi
        ammattinimike zanimanje ocupatie ocupatia profesia professio ofici feina povolanie
        zaposlenje poklic elukutse darbas profesija epangelma stanowiska stillingstittel
        jobtitel berufliche""",
    "born-other": """weight order length gestation gestational complications complication mode
        season cohort control rank position place country state hospital trauma head
        circumference sex apgar defect parity weeks injury premature term method injuries""",
    "fill": """data di card mailing other el et und and og och y of the at in on by for to de
        des der del du della la le von van av da do na nro w wave t v yr yrs year years yo mo
        month months week weeks days num first second third full sub new prior pre post home
        work emergency vid bei bij durch door przez beim para nach voor over met heeft ansvarig
        responsavel responsable responsabile utfort paziente erfasst gemessen gescannt
        eingegeben erstellt saisi mesure acquis eseguito acquisito inserito gescand ingevoerd
        gemeten skannad wykonane utford realizado clinico clinici clinique cliniques klinische
        kliniczne principal principale hoofd neben uberweisender zuweisender overweisende
        lahettava verwijzend verwijzende kierujacy oddelajici osetrujici prowadzacy remitterande
        inviante solicitante remitente prescripteur tratante traitant curante assistente annees
        anos anni jahren jaren vuosina annee current contacto residential cartao karte kort
        kortti carte tarjeta tessera history juridiskt juridisk palavra start begin
        enderecamento codigo clinical finding role former participant sekse en cod""",
}
# What values are beside the concepts above, which rules about those do not look at.
_TOPICS: dict[str, str] = {
    "host": """hostname host computer computername computernaam rechner rechnername arbeitsplatz
        arbeitsstation maskin maskinnavn maskinnamn server palvelin serveur servidor serwer node
        workstation werkstation tyoasema macchina computernamn dator datornamn stacja robocza
        stazione estacion estacao ordinateur ordenador computador tietokone komputer pocitac
        pocitace pocitaca racunala racunalo racunalnik datamaskin datamaskinen arvuti
        kompiuteris dators ypologistis szamitogepnev stanice szamitogep bilgisayar poste equipo
        aetitle station""",
    "sex": """sex gender geschlecht geschl sexe sexo sesso sukupuoli plec geslacht kjonn kon
        genero genere sekse genre pohlavi cinsiyet nem koen sexus""",
    "order": """order request requisition accession acces report specimen placer filler auftrag
        auftrags vorgang vorgangs befund anforderung anforderungs lahete pyynto tutkimus remiss
        rekvisition rekvisitions aanvraag onderzoek onderzoeks accessie zlecenie zlecenia
        skierowanie skierowania badania peticion solicitud demande ordre richiesta richiesto
        accettazione acceso acesso pedido requisicao exame solicitacao zadanka zadanky vysetreni
        vizsgalat rekvisisjon rekvisisjons henvisning henvisnings rekvirering undersokelses
        undersogelses undersoknings verslag verslagnummer opdracht dossiernummer""",
    "insurance": """insurance insured payer subscriber medicare medicaid beneficiary
        versicherten versicherungs versichertenkarte krankenversicherten krankenversicherung
        kvnr krankenkassen gesundheitskarte kassennummer mutuelle adherent assure vitale
        sanitaria afiliacion afiliado poliza seguro aseguradora assicurazione tessera
        zorgverzekering zorgverzekeraar zorgpolis verzekering verzekerden polisnummer forsakring
        forsakrings forsikring forsikrings vakuutus polisa polisy ubezpieczenia ubezpieczenie
        ubezpieczony pojistovna pojistence pojisteni convenio carteirinha apolice utente
        biztosito sigorta member memberid rentenversicherung rentenversicherungs securite
        seguridad""",
}
_CONCEPT: dict[str, frozenset[str]] = {}
for _concept, _words in _CONCEPTS.items():
    for _word in _words.split():
        _CONCEPT[_word] = _CONCEPT.get(_word, frozenset()) | {_concept}
_TOPIC: dict[str, frozenset[str]] = {}
for _concept, _words in _TOPICS.items():
    for _word in _words.split():
        _TOPIC[_word] = _TOPIC.get(_word, frozenset()) | {_concept}
# Words that long ones are cut into; short ones of other languages are in too many.
_PARTS = (frozenset(_CONCEPT) | {word for word in _TOPIC if len(word) > 4}) - frozenset(
    """mor far mae pai isa kon nem mere pere koen lege losen mtr rtg icd tani mdp orvos motif vader
    vater debut inizio heures far memo stand omim genetic koko aiti doktor hekim""".split()  # noqa: SIM905
)
# English words that end like one of ours, so that they are not cut: an image is no age.
_WHOLE = frozenset(
    """postage manage average image images stage usage dosage language message package voltage
    percentage coverage storage damage bandage passage page mileage lineage manager linkage shortage
    dateline update updated candidate mandate validate outdated runtime sometime lifetime meantime
    timeline filename filenames taskname username hostname tablename colname columnname roiname
    rename namespace codename stationname forward backward toward towards reward award steward
    afterward inward outward upward downward onward candid
    origin""".split()  # noqa: SIM905
)
_LONGEST = max(map(len, _PARTS))


@lru_cache(maxsize=32768)
def field_words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, digits apart.

    >>> field_words("AgeAtScan_w2"), field_words("dateofbirth")
    (('age', 'at', 'scan', 'w', '2'), ('date', 'of', 'birth'))
    """
    plain = name if name.isascii() else _folded_case(name)
    words: list[str] = []
    runs = _RUNS.findall(_WAVE.sub(r"_\1", plain.replace("DoB", "Dob")))
    for place, run in enumerate(runs[1:], start=1):
        before, rest = runs[place - 1], run[1:]
        if (
            before.isupper()
            and run[0].isupper()
            and rest in _CONCEPT
            and run.lower() not in _CONCEPT
        ):
            runs[place - 1 : place + 1] = [before + run[0], rest]  # MEGserial: MEG, serial
    for run in runs:
        words += _cut(run.lower())
    return tuple(words)


def _folded_case(name: str) -> str:
    """The name without accents, capitals kept where they tell words apart."""
    out = []
    for char in name:
        plain = folded(char)
        out.append(plain.upper() if char.isupper() and len(plain) == 1 else plain)
    return "".join(out)


@lru_cache(maxsize=32768)
def _cut(run: str) -> tuple[str, ...]:
    """A run of letters as words of the vocabulary, if it is made of such alone."""
    if (
        run in _CONCEPT
        or run in _TOPIC
        or run in _WHOLE
        or len(run) < 5
        or run.isdigit()
        or len(run) > 40
    ):
        return (run,)
    best: list[tuple[str, ...] | None] = [None] * (len(run) + 1)
    best[0] = ()
    for end in range(2, len(run) + 1):
        for start in range(max(0, end - _LONGEST), end - 1):
            before = best[start]
            if before is None or run[start:end] not in _PARTS:
                continue
            here = best[end]
            if here is None or len(before) + 1 < len(here):
                best[end] = (*before, run[start:end])
    wave = best[-2] if run[-1] in "wtvy" else None  # DATEW1: a wave's letter
    return best[-1] or ((*wave, run[-1]) if wave else (run,))


@lru_cache(maxsize=32768)
def concepts(name: str) -> frozenset[str]:
    """What the words of a name stand for.

    >>> sorted(concepts("PatientBirthDate"))
    ['birth', 'date', 'person', 'record']
    """
    words = field_words(name)
    said = frozenset().union(*(_CONCEPT.get(word) or _by_end(word) for word in words))
    if name.isascii():
        return said
    lower = name.lower()
    return said | {concept for part, concept in _OTHER_SCRIPTS.items() if part in lower}


@lru_cache(maxsize=32768)
def topics(name: str) -> frozenset[str]:
    """What a name speaks of beside its concepts: a computer, an order, an insurer, a sex.

    >>> sorted(topics("lahetenumero")), sorted(topics("ptKassennummer"))
    (['order'], ['insurance'])
    """
    return frozenset().union(*(_TOPIC.get(word, frozenset()) for word in field_words(name)))


def field_concept(concept: str) -> frozenset[str]:
    """The words that stand for a concept."""
    return _WORDS_OF[concept]


def topic_words(topic: str) -> frozenset[str]:
    """The words that stand for a topic."""
    return frozenset(_TOPICS[topic].split())


_WORDS_OF = {concept: frozenset(words.split()) for concept, words in _CONCEPTS.items()}

# What stands over columns in other scripts, found anywhere in a name.
_OTHER_SCRIPTS = {
    part: concept
    for concept, parts in (
        (
            "own-name",
            """фио фамилия отчество имя пациента 姓名 氏名 名前 患者名 성명 이름 όνομα
            επώνυμο اسم שם""",
        ),
        ("birth", "рождения 出生 生年月日 생년월일 γέννησης الميلاد לידה"),
        ("phone", "телефон 电话 電話 手机 전화 τηλέφωνο هاتف טלפון"),
        ("address", "адрес 地址 住所 주소 διεύθυνση عنوان כתובת"),
        ("age", "возраст 年龄 年齢 나이 ηλικία עמר"),
        ("date", "дата 日期 検査日 日付 날짜 ημερομηνία تاريخ תאריך"),
        ("serial", "серийный 製造番号 序列号 シリアル 시리얼 일련번호"),
        ("time", "время 時刻 时间 時間 시각 ώρα"),
        ("email", "почта メール 邮箱 郵箱 이메일"),
        ("postcode", "индекс 郵便番号 邮编 邮政编码 우편번호"),
        ("illness", "диагноз діагноз 诊断 診断 진단 διάγνωση تشخيص אבחנה"),
        ("background", "профессия профессія 职业 職業 직업 επάγγελμα المهنة מקצוע"),
        (
            "staff",
            """担当者 操作者 検査者 检查者 медсестра 護士 护士 간호사 врач лікар оператор
            лаборант 医生 医師 의사 技師 技师 ιατρός γιατρός طبيب רופא""",
        ),
        ("institution", "больница лікарня клиника 医院 病院 병원 νοσοκομείο مستشفى"),
        ("credential", "пароль パスワード 密码 비밀번호"),
        ("record", "карты 患者 病历 住院 診察券 カルテ 병록"),
        ("id", "номер 番号 号 번호 コード"),
        ("text", "комментарий примечание 备注 備考 비고 σχόλια ملاحظات הערות"),
    )
    for part in parts.split()
}


# Compounds of Germanic languages end with what they are: Aufnahmedatum, Aktennummer.
_ENDS = (
    ("nr", "id"),
    ("datum", "date"),
    ("nummer", "id"),
    ("nachname", "own-name"),
    ("vorname", "own-name"),
    ("telefon", "phone"),
    ("plz", "postcode"),
    ("geburt", "birth"),
    ("strasse", "address"),
    ("adresse", "address"),
    ("radiologist", "staff"),
    ("physician", "staff"),
    ("neurologist", "staff"),
    *(
        (end, "staff")
        for end in """leiter leiterin arzt arztin schwester sykepleier sygeplejerske skoterska
        hoitaja johtaja ledare verpleegkundige ographer ologist iatrist""".split()  # noqa: SIM905
    ),
)


def _by_end(word: str) -> frozenset[str]:
    if len(word) < 6 or word in _WHOLE:
        return frozenset()
    return frozenset(concept for end, concept in _ENDS if word.endswith(end))
