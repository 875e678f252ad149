"""Identifying values told by their form: mail addresses, dates, paths, numbers and the like.

Forms are chosen so that values of ordinary sidecars (versions, echo times, sequence names) do not
match; the custodian's own list (see ``known``) finds what has no form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from headrisk.metadata.notations import month_of, notations
from headrisk.metadata.people import family_names, given_names, split_words
from headrisk.metadata.uids import harmless_uid

_YEAR = r"(?:19|20)\d\d"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
    r"|januar|februar|märz|mai|juni|juli|oktober|dezember|janvier|février|mars|avril|juin|juillet"
    r"|août|septembre|octobre|novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto"
    r"|septiembre|octubre|noviembre|diciembre|gennaio|febbraio|aprile|maggio|giugno|luglio"
    r"|settembre|ottobre|dicembre|januari|februari|maart|mei|augustus|augusti|maj"
    r"|(?:tammi|helmi|maalis|huhti|touko|kesä|heinä|elo|syys|loka|marras|joulu)kuu(?:ta|n)?)"
)
_MM, _DD = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_D, _M = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
_DOT = r"(?:\.| ?[\[({] ?(?:dot|DOT|punkt) ?[\])}] ?|[ _-](?:dot|DOT)[ _-])"
_OLD = r"(?:89|9\d|1[012]\d)(?:[.,]\d{1,2})?(?![\d.,]\d|\w)"
_STREET = (
    r"(?:street|avenue|ave\.?|road|lane|drive|boulevard|blvd|square|court|close|crescent|terrace"
    r"|grove|gardens|stra(?:ß|ss)e|str\.|weg"
    r"|platz|allee|gasse|rue|straat|laan|dr|ave|blvd)"
)


@dataclass(frozen=True)
class _Form:
    """A form of value.

    Two quick looks come before its search: one at least of the characters ``needs`` must be there,
    and ``sign`` be found.
    """

    kind: str
    needs: frozenset[str]
    pattern: re.Pattern[str]
    sign: re.Pattern[str] | None = None


_DIGITS = "0123456789"
# Order matters: the first form to match a stretch of text names it.
_FORMS = tuple(
    _Form(kind, frozenset(needs), re.compile(pattern), re.compile(sign[0]) if sign else None)
    for kind, needs, pattern, *sign in (
        (  # whole, with the account and the host
            "credential",
            "@",
            r"\b[a-z][a-z+]{1,9}://[^\s/:@\"'<>]+:[^\s/@\"'<>]+@[^\s\"'<>]+",
        ),
        (
            "credential",
            "uU",
            r"\b(?:curl|wget|http)\b[^\n]{0,120}?\s(?:-u|--user)[ =]?[\w.@-]{2,}:[^\s\"']{3,}",
        ),
        ("credential", ":", r"(?m:^[^\s:#]{3,}:(?:\d{2,5}|\*):[^\s:]+:[\w.@-]+:\S{4,}[ \t\r]*$)"),
        (
            "credential",
            "BbAa",
            r"(?i:\b(?:bearer|authorization: ?(?:basic|token)) )[\w+/.=!@#$%~-]{8,}",
        ),
        (
            "credential",
            _DIGITS,
            r"(?i:(?<![^\W_])(?:pw|passw(?:or)?d|passwort|kennwort|pin|passphrase|token"
            r"|mot[ _]de[ _]passe|secret|bearer|(?:api|access|private)[ _-]?key)(?: is| war| ist)?"
            r"[ \"']*[:= ][ \"']*)"
            r"(?=[^\s\"'<>]*\d)(?=[^\s\"'<>]*[A-Za-z])[^\s\"'<>()\[\]{}$]{8,}"
            r"|\bmysql\w*\s[^\n]{0,60}?-p[^\s-]\S{3,}",
        ),
        (
            "credential",
            "m",
            r"\bmachine\s+\S+\s+login\s+\S+\s+password\s+\S+",
        ),
        (
            "credential",
            "_-:=.",
            r"(?<![A-Za-z0-9])(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}"
            r"|github_pat_\w{30,}|xox[abeoprs]-[\w-]{10,}|AIza[\w-]{30,}|glpat-[\w-]{18,}"
            r"|dop_v1_[0-9a-f]{40,}|[rsp]k_(?:live|test)_\w{16,}|npm_\w{30,}|pypi-[\w-]{40,}"
            r"|SG\.[\w-]{16,}\.[\w-]{16,}|ya29\.[\w-]{20,}|EAA[A-Za-z0-9]{40,}|shp(?:at|ss)_\w{30,}"
            r"|sk-[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{30,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}(?:\.[\w-]*)?"
            r"|eyJ[\w-]{10,}\.[\w-]{20,}\.[\w-]{20,})"
            r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
            r"|\b[a-z]{2,8}://[^\s/:@]+:[^\s/@]+@[^\s\"'<>]+",
            r"AKIA|ASIA|gh[pousr]_|github_pat_|xox|AIza|glpat-|dop_v1_|[rsp]k_|npm_|pypi-|SG\.|ya29"
            r"|EAA|shp|sk-|hf_|eyJ|-----BEGIN|://",
        ),
        (
            "credential",
            ":=",
            r"(?i:[\w-]{0,24}(?:passw(?:or)?d|passwort|passwd|secret|token|api[_-]?key"
            r"|access[_-]?key)[\w-]{0,12}[\"']?\s*[:=]\s*"
            r"(?:[\"'](?=[^\"'\s]*\d)[^\"'\s]{6,}[\"']"
            r"|(?=[\w+/.!@#%-]*\d)[\w+/.!@#%-]{8,}(?![\w(\[])))",
        ),
        (
            "credential",
            "-pP",
            r"\bsshpass\s+-p\s*\S{4,}|\bmysql\w*\s[^\n]{0,60}?-p[^\s-]\S{3,}"
            r"|(?i:\b(?:passw(?:or)?d|passwort|kennwort"
            r"|pwd)\s+(?=[^\s]*\d)(?=[^\s]*[a-z])[^\s]{6,})"
            r"|(?i:\b(?:pwd|passwort|kennwort|mot de passe|contraseña|senha|mdp|clave|parola"
            r"|wachtwoord|l[öo]senord|salasana|has[łl]o|heslo|passord|adgangskode|jelsz[óo]"
            r"|lozinka|şifre"
            r"|login/pw|login)(?![^\W_])"
            r"[\"']?\s*[:=]\s*[\"']?[^\s\"'<>{}()$]{6,})",
        ),
        ("user-path", "\\", r"(?<!\\)\\{1,2}USER\\{1,2}[^\s\\\"']{3,}"),
        ("email", "@", r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}(?![\w-]*:[/~])"),
        (
            "email",
            "[({tT",
            r"[\w.+-]{2,64}(?: ?[\[({] ?(?:at|AT|a|@) ?[\])}] ?|[ _-](?:at|AT)[ _-])[\w-]{1,63}?"
            rf"(?:{_DOT}[\w-]{{2,63}}?){{0,3}}{_DOT}"
            r"(?:com|org|net|edu|gov|info|io|eu|[a-hj-z][a-z]|i[a-mo-z])(?![\w])",
            r"[\[({]|[ _-](?:at|AT)[ _-]",
        ),
        (
            "user-path",
            ":",
            r"\b(?i:(?:https?://)(?:[\w-]+\.)?(?:facebook|instagram|linkedin|twitter|tiktok|xing"
            r"|weibo|vk|threads|mastodon|bsky)\.[a-z]{2,6}/[^\s\"'<>]+"
            r"|(?:smb|afp|nfs|cifs|file)://[^\s\"'<>]+)",
        ),
        ("user-path", "@", r"(?<![\w.@:/-])[A-Za-z][\w.-]{1,31}@[\w.-]{2,63}:[~/][^\s\"'<>]*"),
        ("url", ":", r"\b(?:https?|ftp|sftp|smb)://[^\s\"'<>]+"),
        (
            "user-path",
            "/\\~",
            r"(?:/(?:[\w.-]+/){0,4}(?:home\d?|homes|Users|users?)/"
            r"|[A-Za-z]:[\\/]{1,2}(?:Users|Documents and Settings|Dokumente und Einstellungen"
            r"|Utilisateurs|Benutzer|Usuarios|Utenti|Gebruikers)[\\/]{1,2}"
            r"|\\{1,4}[\w.-]+\\{1,2}(?:homes?|users?|profiles?)\$?\\{1,2})"
            r"[^\s/\\\"':;,|<>{}$*]+[^\s\"':;,|<>]*"
            r"|(?<![\w/~.])~[a-z][\w.-]{2,31}/[^\s\"':;,|<>]*",
        ),
        ("network-address", ":-", r"\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b"),
        (
            "network-address",
            ".",
            r"(?<![\w.])(?<!,v )(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}"
            r"(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])",
        ),
        # Those under 1.2.840.10008 are the standard's own; archives use 2.25 for scans too.
        (
            "uid",
            ".",
            r"(?<![\d.])(?!1\.2\.840\.10008\.)[0-2](?:(?:\.(?:0|[1-9]\d*)){5,}"
            r"|\.25\.\d{20,})(?!\.?\d)",
        ),
        # From 1000 on, so that the time behind a shifted date is not taken for one of its own.
        ("date", "12", rf"(?<!\d)(?:1\d|20)\d\d([-/._]){_MM}\1{_DD}(?!\d)(?:[T ][\d:.]+)?"),
        (
            "date",
            "12",
            rf"(?<![\d.]){_YEAR}{_MM}{_DD}"
            r"(?:[T_-]?[0-2]\d[0-5]\d[0-5]\d(?:\.\d+|\d{6})?)?(?![\d.])",
        ),
        ("date", "12", rf"(?<![\d.]){_D}\. ?{_M}\. {_YEAR}(?!\d)"),
        ("date", "12", rf"(?<![\d.])(?:{_D}([./-]){_M}\1|{_M}([./-]){_D}\2){_YEAR}(?![\d.])"),
        (
            "date",
            "12",
            rf"(?i:\b{_D}\.?(?:st|nd|rd|th)?[ -](?:de )?{_MONTH}(?: de)?[,. -]+{_YEAR}\b)",
        ),
        ("date", " ", rf"(?i:\b{_MONTH} {_D}(?:st|nd|rd|th)?,? {_YEAR}\b)"),
        (
            "date",
            _DIGITS,
            rf"(?i:(?<![^\W_])(?<![.\d]){_D}[ ._/-]?{_MONTH}[ ._/'-]*(?:{_YEAR}|\d\d)(?![^\W_]))",
        ),
        (
            "date",
            "/.",
            rf"(?<![\w./-])(?:{_DD}([/.]){_MM}\1|{_MM}([/.]){_DD}\2|{_D}/{_M}/|{_M}/{_D}/)\d\d"
            r"(?![\w./-]|\.\d)",
        ),
        ("date", "_- ", r"(?<=[A-Za-z][_ -])\d{6}(?![\w.])"),
        ("date", " ", rf"(?i:\b{_MONTH} +{_D} [0-2]?\d:[0-5]\d:[0-5]\d (?:[A-Z]+ )?{_YEAR}\b)"),
        ("acquisition-time", ":", r"(?<![\d:.])[0-2]?\d:[0-5]\d:[0-5]\d(?:\.\d+)?(?![\d:])"),
        (
            "acquisition-time",
            ":h.",
            r"(?<![\w:.])(?:T?[01]?\d|T?2[0-3])[:.h][0-5]\d(?::[0-5]\d(?:\.\d+)?)?"
            r"(?:\s?(?i:[ap]\.?m\b|uhr\b)|[+-]\d\d:\d\d)"
            r"|(?i:\b(?:(?:scan |session |mri )?start(?:ed|s|ing)?(?: at)?|began(?: at)?|beginn"
            r"|arriv(?:ed|al)(?: at)?|uhrzeit|time of scan|scan time|acquired(?: at)?"
            r"|(?:went )?to bed at|(?:woke|got) up at"
            r"|inject(?:ion|ed) at|à)[ :=]{1,3}T?)"
            r"(?:[01]?\d|2[0-3])[:h][0-5]\d(?::[0-5]\d)?(?![\d:]|\s*(?:min|h\b|s\b))"
            r"|(?<![\w.])(?:[01]?\d|2[0-3])h[0-5]\d(?!\w)",
        ),
        (
            "acquisition-time",
            "kogsKOGS",
            r"(?i:\b(?:klo|kl\.?|godz\.|ore|saat)) ?(?:[01]?\d"
            r"|2[0-3])[:.][0-5]\d(?::[0-5]\d)?(?![\d.])"
            r"|(?<![\w.:])(?:[01]?\d|2[0-3])[:.][0-5]\d (?i:uur)\b"
            r"|(?<![\w.:])(?:[01]?\d|2[0-3]) ?h ?[0-5]\d ?min(?: ?[0-5]\d ?s)?\b",
        ),
        ("acquisition-time", "=", r"\bTime=(?!0+\b)\d{5,6}(?:\.\d+)?"),
        ("patient-id", "-", r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])"),
        (
            "patient-id",
            "nNdDrR",
            r"(?i:(?<![^\W_])(?:mrn|ssn|nhs(?: no)?|patient[ _-]?(?:id|no|nr|number)|hospital no"
            r"|record no|hetu|personnummer|pass(?:port)?(?: no)?|reisepass(?:nr)?|versicherten"
            r"(?:nr|nummer)|insurance no|pat[._-]?nr|bsn|pesel|cpf|curp|cpr|nir|insee|dni|nif|nie"
            r"|codice fiscale|tfn|aadhaar|ppsn?|egn|cnp|oib|jmbg|emso|amka|kimlik(?: no)?"
            r"|ahv(?:-?nr)?|sv-?nr|steuer-?id|isikukood|kennitala|fnr|f[øo]dselsnummer"
            r"|rodn[eé] [cč]islo|sin|rrn)"
            r"(?![a-z])[ .:#=_-]*(?=[\w-]*\d)[\w-]{4,})",
        ),
        (
            "phone",
            _DIGITS,
            r"(?<![\w+.])(?<!\d )"
            r"(?:\+\d{1,3}[ ./-]?(?:\(\d{1,5}\)[ ./-]?)?(?:\d{2,5}[ ./-]?){2,4}\d{2,5}"
            r"|\+\d{1,3}(?:[ ()/_-]{0,3}\d){8,12}"
            r"|[2-9]\d\d\.[2-9]\d\d\.\d{4}|0[1-9]\d{1,3}[/-]\d{6,8}"
            r"|0\d{1,3}([ .-])\d{2,4}\1\d{2,4}(?:\1\d{2,4}){0,2}"
            r"|\(\d{2,5}\) ?\d{3,4}[ -]\d{3,5}|\d{3}-\d{3}-\d{4}"
            r"|0[1-9]\d{1,3}[ /-]\d{3}[ -]?\d{3,5}"
            r"|0[1-9]\d{1,3} ?/ ?\d{5,8}"
            r"|0\d{1,4}[ /-]\d{3,4}[ -]\d{3,6}|0\d(?:[ .]\d\d){4}"
            r"|0[1-9]-(?!(?:19|20)\d{6}(?!\d))\d{7,8})"
            r"(?!\w|\.\w| \d)",
        ),
        (
            "phone",
            "lbgxyphrRPmM",
            r"(?i:\b(?:tele?(?:phone|fon)?|t[eé]l[eé]f[oó]ne?o?|telefoon|puhelin|soita|bel"
            r"|ligar para"
            r"|llamar al|joindre au|zadzwonić pod|rückruf(?: unter)?|phone|mob(?:ile)?|cell"
            r"|call(?: (?:him|her|them|me))?"
            r"|t:|pager|reached on|ring|fax|puh|handy|whatsapp|t[eé]l|m[oó]vil|celular"
            r"|cellulare|mobiel|gsm|tlf|ph|reach(?: (?:him|her|them|me))? (?:on|at)"
            r"|telefonisch(?: unter)?|back from"
            r"|emergency contact)\b[.:]?[^\d\n(+]{0,12})\(?\+?\(?\d[\d ()/.-]{5,18}\d(?![\w])",
        ),
        (
            "address",
            _DIGITS,
            rf"(?i:\b\d{{1,5}}[a-z]?,? (?:[^\W\d]+ ){{1,3}}{_STREET}(?!\w)(?: apt\.? ?\d+)?"
            r"|\b[^\W\d]+(?:straße|strasse|str\.|weg|platz|allee|gasse) \d{1,4}[a-z]?\b"
            r"|\b\d{1,4}(?: bis| ter)?,? (?:rue|avenue|boulevard|all[ée]e|chemin|impasse)"
            r" (?:des? (?:la |l['’])?|du |d['’])?\w+"
            r"|\b(?:calle|via|viale|rua|rue|avenida|avda?\.|corso|ulica|ul\.|al\.|os\.|piazza|plaza"
            r"|stora|am alten|an der|am|travessa|largo|c/)(?: (?:de|del|della|da|do|la|las|los))?"
            r"(?: [^\W\d]+){1,3}?,?(?: (?:n|nr"
            r"|no)[.°º]?)? \d{1,4}(?: ?[a-z])?(?:/\d{1,3})?(?=[,;\"<]|$|\s)"
            r"|\bp\.? ?o\.? ?box \d+|\bpostfach \d+)"
            r"|(?<![^\W_])[A-ZÅÄÖØ][^\W\d_]{2,}(?:katu|tie|kuja|polku|gatan|vägen"
            r"|gade|veien|straat|laan|gracht|kade|singel|plein|straße|gasse|allee) \d{1,4}"
            r"(?: ?[A-Za-z](?: \d{1,3})?(?![\w])|-[IVX\d]{1,4})?(?![\w])",
        ),
        (  # in Chinese, Japanese and Korean, from the larger place to the house
            "address",
            "号號番丁区區市县縣県町村路街〒로길동",
            r"〒\d{3}-\d{4}"
            r"|[\u4e00-\u9fff]{2,12}[省市区區县縣県町村郡]"
            r"[\u3040-\u30ff\u4e00-\u9fff\d０-９ -]{1,30}?"
            r"(?:[号號室]|番地?(?:\d{1,4}号?)?|丁目[\d番号の-]*|\d+-\d+(?:-\d+)?)"
            r"|[\uac00-\ud7af]{2,8}[시도구군] ?(?:[\uac00-\ud7af]{1,8}[구군읍면동] ?)?"
            r"[\uac00-\ud7af\d]{1,12}[로길동] ?\d+(?:-\d+)?",
        ),
        (
            "person-name",
            "^",
            r"(?<![\w^])[^\W\d_][\w'’ -]{0,40}\^[^\W\d_][\w'’, -]{0,40}(?:\^[\w. ]{0,20})*",
        ),
        (
            "person-name",
            " ",
            r"(?:(?i:my name is|my name's|i am called|ich hei(?:ß|ss)e|mein name ist"
            r"|je m['’]appelle|me llamo|mi nombre es|mi chiamo|meu nome é|jag heter"
            r"|jeg heter|minun nimeni on|nazywam sie|nazywam si\u0119|jmenuji se"
            r"|ik heet|mijn naam is))"
            r" [^\W\d_a-z][\w'’-]+"
            r"(?: [^\W\d_a-z][\w'’-]+){0,3}",
        ),
        (
            "person-name",
            "MHFPpNnD",
            r"\bDear (?!(?:Participant|Colleague|Sir|Madam|Editor|All|Parent|Volunteer|Dr|Prof"
            r"|Patient)\w*)"
            r"[^\W\d_a-z][\w'’-]+(?: [^\W\d_a-z][\w'’-]+){0,3}"
            r"|\b(?:(?:Mr\.|Ms\.|(?:Mrs|Miss|Herr|Frau|Mme|Madame|Monsieur)\.?)"  # MR is no title
            r"|[Pp]atient(?:'s)?(?: ?[Nn]ame)?[:=]|[Nn]ame[:=]) *[^\W\d_a-z][\w'’-]+"
            r"(?: [^\W\d_a-z][\w'’-]+)*",
        ),
        (
            "staff-name",
            "DPMOTRdpl",
            r"\b(?:(?:(?:Dra?|Drs|Prof|MUDr|MVDr|Dott|[Dd]ott\.ssa)\.?|(?:drs?|dra|prof|dott"
            r"|lek\. med)\.) |(?:Operator|Technologist|Radiographer)[:=] *)"
            r"[^\W\d_a-z][\w'’-]+(?: [^\W\d_a-z][\w'’-]+)*",
        ),
        ("staff-name", "c", r"\bcreated by [\w.-]+ on\b"),
        ("command-line", "#", r"(?im:^# ?cmdline .+)"),
        (
            "host-name",
            "hH",
            r"(?im:^(?:# )?(?:hostname|host|setenv host(?:name)?|(?:export )?host(?:name)?)"
            r"[ =:]+[\w.-]{3,})",
        ),
        (
            "user-path",
            "uUlL",
            r"(?im:^(?:# )?(?:setenv |export )?(?:user|username|logname)[ =:]+[\w.-]{2,}$)",
        ),
        (
            "date",
            "12",
            r"(?<![\w.-])\d{1,2}(?:\.|st|nd|rd|th|er|º)?[ _-](?:de |of )?[^\W\d_]{3,13}\.?,?[ _-]"
            rf"(?:de |del )?{_YEAR}(?!\d)"
            rf"|(?<![\w.-])[^\W\d_]{{3,13}}[ _-]\d{{1,2}}(?:st|nd|rd|th)?,?[ _-]{_YEAR}(?!\d)"
            r"|(?<!\d)(?:19|20)\d\d ?[年년][ _]?\d{1,2} ?[月월][ _]?\d{1,2} ?[日일]"
            rf"|(?<![\w.])\d{{1,2}}([. ])(?:I{{1,3}}|I?V|VI{{1,3}}|I?X|XI{{1,2}})\1{_YEAR}(?!\d)"
            rf"|(?<![\d.:]){_YEAR}:{_MM}:{_DD}(?![\d:])|(?<![\d.]){_DD}\.{_MM}\. {_YEAR}(?!\d)"
            rf"|(?<![\w.-]){_YEAR}\. {_MM}\. {_DD}\.?(?!\d)"
            rf"|(?<![\w.-]){_YEAR}-W[0-5]\d-[1-7](?![\w-])",
        ),
        (
            "age-over-89",
            "891",
            rf"(?i:\b(?:aged?|at (?:the )?age(?: of)?|age at \w{{3,12}}|alter|edad|[âa]ge de|et[àa]"
            rf"|idade|turned|died at|(?:wo)?man of)[ :=]{{1,3}}{_OLD}(?!\s*(?:%|°|degree|ms|mm|min"
            r"|hour|day|week|month|deg|to\b|and\b))"
            rf"|(?<![\w.,-]){_OLD}[ -]?(?:years?[ -](?:old|of age)|y[/.]?o\b|jahre alt|jährig"
            r"|a[nñ]os\b|anni\b|ans\b|jaar oud|år gammal|årige?\b|jährige\w?\b"
            r"|jarige\b|letni\w{0,3}\b|-?vuotias|lat\b|J\.(?!\w))"
            rf"|\bwas {_OLD}(?: years)? old\b)",
        ),
        (
            "host-name",
            "-._0123456789",
            r"(?i:\b[a-z0-9-]{2,63}(?:\.[a-z0-9-]{1,63})*\.(?:local|lan|intra(?:net)?"
            r"|intern(?:al)?|corp|ad)\b)"
            r"|(?i:\b(?:ssh|sent to|processed on|exported from|pushed to|host|copied (?:to|from)"
            r"|auf|på|su) )"
            r"(?=[\w.-]*\d)(?=[\w.-]*[A-Za-z])(?:[A-Za-z][A-Za-z0-9]*(?:[-_.][A-Za-z0-9]+)+"
            r"|[A-Z]{3,}\d{3,})(?![\w/])",
        ),
    )
)
# Before these a clock value is how long something took.
_LASTED = re.compile(
    r"(?i:\b(?:elapsed|took|duration|runtime|lasted|after|within|eta|remaining|left|wall ?time"
    r"|cpu ?time|total ?time|run ?time|real|user|sys|time used|finished in|done in|dauer)"
    r"[ :=]{1,3}(?:time[ :=]{1,3})?)$"
)
_IN_DUMP = re.compile(r"(?<![\w])[0-9a-f]{2} $")  # bytes in hexadecimal digits before it
PUBLIC_HOSTS = (
    "cognitiveatlas.org",
    "bids.neuroimaging.io",
    "bids-specification",
    "doi.org",
    "github.com",
    "w3.org",
    "wikipedia.org",
    "openneuro.org",
    "creativecommons.org",
    "purl.",
    "nih.gov",
    "nitrc.org",
    "opendatacommons.org",
    "humancognitive",
    "snomed.info",
    "loinc.org",
    "bioontology.org",
    "obolibrary.org",
)
# Siemens writes the exam's program and project as it writes names: HEAD^ROUTINE.
_PROGRAM_WORDS = """
    head brain neuro spine neck body routine general library clinical research study studies
    project default libraries protocol protocols adult adults pediatric paediatric tumor epilepsy
    dementia stroke test phantom qa qc service user exam program fmri mri mr dti investigators
    investigator users group lab labs team
"""
_PROGRAMS = frozenset(_PROGRAM_WORDS.split())
_PROGRAM_STEMS = tuple(
    """imag neuro scan research radiol protocol function develop psych cardi ortho clinic trial
    pilot abdom librar standard consort program diffus spectro physic cognit tumo epilep dement
    pediatr paediatr anat routin volunt control""".split()  # noqa: SIM905
)
_WORD = re.compile(r"[^\W\d_]{3,}")
_CJK = re.compile(r"[年년]")
_ROMAN_OR_CLOCK = re.compile(r"[. ][IVX]+[. ]|\d[T ]\d|[A-Z]{3}\b")
_CHECKED_IN = re.compile(r"\$(?:Id|Header|Date|Revision)\b: [^$\n]{1,200}\$")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_HOST = re.compile(r"//(?:[^/@\s]*@)?([^/:?#\s]+)")
# In texts where authors stand on purpose a name counts only beside a person's label or a title.
UNLABELLED = "unlabelled-name"
EARLIEST_REAL_YEAR = 1925  # BIDS: dates before it have been shifted


def matches(text: str, skip: frozenset[str] = frozenset()) -> tuple[tuple[str, int, int], ...]:
    """Kind, start and end of every stretch of a text that has an identifying form.

    Parameters
    ----------
    text
        Any text.
    skip
        Kinds that mean nothing here, such as dates among versions of software.
    """
    found: list[tuple[str, int, int]] = []
    taken: list[tuple[int, int]] = []
    if text.count("-") >= 4:  # digits of a UUID are no telephone number
        text = _UUID.sub(lambda match: "x" * len(match[0]), text)
    if "$" in text:  # the day on which a version of a program was checked in
        text = _CHECKED_IN.sub(lambda match: "x" * len(match[0]), text)
    there = frozenset(text)
    for form in _FORMS:
        if form.kind in skip or form.needs.isdisjoint(there):
            continue
        if form.sign is not None and form.sign.search(text) is None:
            continue
        for match in form.pattern.finditer(text):
            start, end = match.span()
            if any(start < b and a < end for a, b in taken):
                continue
            if form.kind == "acquisition-time" and _LASTED.search(text[max(0, start - 24) : start]):
                continue
            if form.kind == "phone" and _IN_DUMP.search(text[max(0, start - 4) : start]):
                continue
            if _is_program(form.kind, match[0], "exam-program" in skip):
                continue
            alone = UNLABELLED in skip or " " not in match[0][5:].strip()
            if alone and match[0][:4].lower() == "name" and not _listed(match[0]):
                continue  # a key of YAML, the name of a task
            taken.append((start, end))
            if not _harmless(form.kind, match[0]):
                found.append((form.kind, start, end))
    return tuple(sorted(found, key=lambda item: item[1]))


def may_hold(kind: str, text: str) -> bool:
    """Whether a form of this kind stands anywhere in a text, before others take its place."""
    return any(form.pattern.search(text) is not None for form in _FORMS if form.kind == kind)


def _harmless(kind: str, value: str) -> bool:
    if kind == "date":
        if len(value) == 6 and value.isdigit():
            return not notations(value)
        words = _WORD.findall(value)
        if words and not any(month_of(word) for word in words) and not _CJK.search(value):
            return _ROMAN_OR_CLOCK.search(value) is None
        iso = re.match(r"(1[6-9]\d\d)-\d\d-\d\d", value)
        return iso is not None and int(iso[1]) < EARLIEST_REAL_YEAR
    if kind == "uid":
        return harmless_uid(value)
    if kind == "url":
        host = _HOST.search(value)
        public = host is not None and any(
            host[1].lower().endswith(known.strip(".")) or known in host[1].lower()
            for known in PUBLIC_HOSTS
        )
        return public and "@" not in value
    if kind == "phone" and (sum(map(str.isdigit, value)) < 7 or notations(value)):
        return True
    if kind == "phone" and len(re.findall(r"(?<!\d)00(?!\d)", value)) > 1:
        return True  # bytes in a dump
    if kind == "phone":  # a number with a sign and a decimal point
        return re.fullmatch(r"\+?\d+\.\d+", value) is not None
    if kind == "network-address":
        return value.startswith(("0.", "127.0.0.1", "00:00:00")) or _version(value)
    return False


def _is_program(kind: str, value: str, in_program_field: bool) -> bool:
    """Whether two words around a caret are an exam's region and program rather than a name.

    In the fields where Siemens writes programs only a name of the lists is one.
    """
    if kind != "person-name" or "^" not in value:
        return False
    if in_program_field:
        return not _listed(value)
    beside = {value.split("^")[0].split(" ")[-1], value.split("^")[1].split(" ")[0]}
    parts = {word.lower() for part in beside for word in re.split(r"[\W_]+", part)}
    return not parts.isdisjoint(_PROGRAMS) or any(part.startswith(_PROGRAM_STEMS) for part in parts)


def is_program_name(value: str) -> bool:
    """Whether two words around a caret are an exam's region and program rather than a name."""
    return _is_program("person-name", value, False)


def _listed(text: str) -> bool:
    words = [word for word, _, _ in split_words(text)]
    return any(word in given_names() or word in family_names() for word in words)


def _version(value: str) -> bool:
    """Four small numbers are a version (1.0.2.1) rather than an address."""
    parts = value.split(".")
    return len(parts) == 4 and all(int(part) < 10 for part in parts)
