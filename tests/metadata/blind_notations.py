# ruff: noqa: E501, SIM905
"""How values of each kind are written in `blind_set`: invented, and drawn from a seeded generator."""

import datetime as dt
import random
import string
from collections.abc import Callable
from importlib import import_module

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "fi": "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta "
    "syyskuuta lokakuuta marraskuuta joulukuuta",
    "cs": "ledna února března dubna května června července srpna září října listopadu prosince",
    "tr": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
}
ROMAN = "I II III IV V VI VII VIII IX X XI XII".split()


def _month(language: str, day: dt.datetime) -> str:
    return MONTHS[language].split()[day.month - 1]


def _epoch(day: dt.datetime) -> int:
    return int(day.replace(tzinfo=dt.UTC).timestamp())


DATES: dict[str, Callable[[dt.datetime], str]] = {
    "iso": lambda d: f"{d:%Y-%m-%d}",
    "dots": lambda d: f"{d:%d.%m.%Y}",
    "short-dots": lambda d: f"{d.day}.{d.month}.{d.year}",
    "us": lambda d: f"{d:%m/%d/%Y}",
    "uk": lambda d: f"{d:%d/%m/%Y}",
    "compact": lambda d: f"{d:%Y%m%d}",
    "compact-dmy": lambda d: f"{d:%d%m%Y}",
    "compact-six": lambda d: f"{d:%y%m%d}",
    "dashes": lambda d: f"{d:%d-%m-%Y}",
    "year-slash": lambda d: f"{d:%Y/%m/%d}",
    "year-dots": lambda d: f"{d:%Y.%m.%d}",
    "two-digit": lambda d: f"{d:%d.%m.%y}",
    "us-two-digit": lambda d: f"{d:%m/%d/%y}",
    "oracle": lambda d: f"{d.day:02}-{_month('en', d)[:3]}-{d.year}",
    "sas": lambda d: f"{d.day:02}{_month('en', d)[:3].upper()}{d.year}",
    "us-month": lambda d: f"{_month('en', d)} {d.day}, {d.year}",
    "us-month-short": lambda d: f"{_month('en', d)[:3]} {d.day} {d.year}",
    "uk-month": lambda d: f"{d.day} {_month('en', d)} {d.year}",
    "ordinal": lambda d: f"{d.day}th of {_month('en', d)} {d.year}",
    "short-month-year": lambda d: f"{d.day:02}-{_month('en', d)[:3]}-{d:%y}",
    "underscore": lambda d: f"{d:%Y_%m_%d}",
    "datetime": lambda d: f"{d:%Y-%m-%dT%H:%M:%S}",
    "datetime-space": lambda d: f"{d:%Y-%m-%d %H:%M:%S}",
    "datetime-zone": lambda d: f"{d:%Y-%m-%dT%H:%M:%S}.000+01:00",
    "datetime-z": lambda d: f"{d:%Y-%m-%dT%H:%M}Z",
    "datetime-compact": lambda d: f"{d:%Y%m%dT%H%M%S}",
    "datetime-14": lambda d: f"{d:%Y%m%d%H%M%S}",
    "datetime-dots": lambda d: f"{d:%d.%m.%Y %H:%M}",
    "datetime-us": lambda d: f"{d.month}/{d.day}/{d.year} {d:%I:%M %p}",
    "mail": lambda d: f"{d:%a}, {d.day} {_month('en', d)[:3]} {d.year} {d:%H:%M:%S} +0000",
    "ctime": lambda d: f"{d:%a} {_month('en', d)[:3]} {d.day:2} {d:%H:%M:%S} {d.year}",
    "iso-week": lambda d: "{}-W{:02}-{}".format(*d.isocalendar()),
    "ordinal-day": lambda d: f"{d:%Y-%j}",
    "epoch": lambda d: str(_epoch(d)),
    "epoch-ms": lambda d: str(_epoch(d) * 1000),
    "excel": lambda d: str((d - dt.datetime(1899, 12, 30)).days),
    "excel-fraction": lambda d: f"{(d - dt.datetime(1899, 12, 30)).total_seconds() / 86400:.5f}",
    "german": lambda d: f"{d.day}. {_month('de', d)} {d.year}",
    "german-weekday": lambda d: f"{'Mo Di Mi Do Fr Sa So'.split()[d.weekday()]}, {d:%d.%m.%Y}",
    "french": lambda d: f"{d.day} {_month('fr', d)} {d.year}",
    "spanish": lambda d: f"{d.day} de {_month('es', d)} de {d.year}",
    "italian": lambda d: f"{d.day} {_month('it', d)} {d.year}",
    "dutch": lambda d: f"{d.day} {_month('nl', d)} {d.year}",
    "portuguese": lambda d: f"{d.day} de {_month('pt', d)} de {d.year}",
    "polish": lambda d: f"{d.day} {_month('pl', d)} {d.year} r.",
    "swedish": lambda d: f"den {d.day} {_month('sv', d)} {d.year}",
    "finnish": lambda d: f"{d.day}. {_month('fi', d)} {d.year}",
    "czech": lambda d: f"{d.day}. {_month('cs', d)} {d.year}",
    "turkish": lambda d: f"{d.day} {_month('tr', d)} {d.year}",
    "russian": lambda d: f"{d.day} {_month('ru', d)} {d.year} г.",
    "japanese": lambda d: f"{d.year}年{d.month}月{d.day}日",
    "korean": lambda d: f"{d.year}년 {d.month}월 {d.day}일",
    "hungarian": lambda d: f"{d.year}. {d.month:02}. {d.day:02}.",
    "roman": lambda d: f"{d.day}.{ROMAN[d.month - 1]}.{d.year}",
    "month-first-dash": lambda d: f"{_month('en', d)[:3]}-{d.day:02}-{d.year}",
}
# Day counts and bare digits say nothing in a sentence or a file name.
NUMERIC_DATES = {"epoch", "epoch-ms", "excel", "excel-fraction", "compact-six", "compact-dmy"}

TIMES: dict[str, Callable[[dt.datetime], str]] = {
    "hms": lambda d: f"{d:%H:%M:%S}",
    "hm": lambda d: f"{d:%H:%M}",
    "dicom": lambda d: f"{d:%H%M%S}",
    "dicom-fraction": lambda d: f"{d:%H%M%S}.{d.microsecond:06}",
    "fraction": lambda d: f"{d:%H:%M:%S}.{d.microsecond:06}",
    "am-pm": lambda d: f"{d:%I:%M %p}",
    "am-pm-close": lambda d: f"{int(f'{d:%I}')}:{d:%M}{'am' if d.hour < 12 else 'pm'}",
    "hms-am-pm": lambda d: f"{d:%I:%M:%S %p}",
    "french": lambda d: f"{d.hour}h{d:%M}",
    "german": lambda d: f"{d:%H:%M} Uhr",
    "zone": lambda d: f"{d:%H:%M:%S}+01:00",
    "dotted": lambda d: f"{d:%H.%M}",
    "iso-t": lambda d: f"T{d:%H:%M:%S}",
}

AGES: dict[str, Callable[[int], str]] = {
    "whole": str,
    "decimal": lambda a: f"{a}.4",
    "two-decimals": lambda a: f"{a}.37",
    "dicom": lambda a: f"{a:03}Y",
    "y": lambda a: f"{a}y",
    "years": lambda a: f"{a} years",
    "yrs": lambda a: f"{a} yrs",
    "comma": lambda a: f"{a},4",
}

NAMES: dict[str, Callable[[str, str], str]] = {
    "given-family": lambda g, f: f"{g} {f}",
    "family-given": lambda g, f: f"{f}, {g}",
    "upper": lambda g, f: f"{f.upper()} {g}",
    "all-upper": lambda g, f: f"{g.upper()} {f.upper()}",
    "caret": lambda g, f: f"{f}^{g}",
    "caret-upper": lambda g, f: f"{f.upper()}^{g.upper()}^^DR",
    "initial-family": lambda g, f: f"{g[0]}. {f}",
    "family-initial": lambda g, f: f"{f} {g[0]}.",
    "lower": lambda g, f: f"{g.lower()} {f.lower()}",
    "title": lambda g, f: f"Dr. {g} {f}",
    "mrs": lambda g, f: f"Mrs {f}",
    "underscore": lambda g, f: f"{f}_{g}",
    "middle": lambda g, f: f"{g} M. {f}",
    "dotted": lambda g, f: f"{g.lower()}.{f.lower()}",
    "family": lambda g, f: f,
}

NATIONAL = {
    "us.ssn": "###-##-####",
    "gb.nhs": "### ### ####",
    "de.idnr": "###########",
    "fr.nir": "1850578006084##",
    "it.codicefiscale": "AAAAAA75M24F205A",
    "es.dni": "########A",
    "br.cpf": "###.###.###-##",
    "pl.pesel": "7D0305#####",
    "cz.rc": "7D0305/####",
    "se.personnummer": "7D0305-####",
    "no.fodselsnummer": "05037D#####",
    "dk.cpr": "05037D-####",
    "fi.hetu": "05037D-###B",
    "nl.bsn": "#########",
    "be.nn": "7D0305#####",
    "ro.cnp": "17D0305#######"[:13],
    "bg.egn": "7D0305####",
    "hr.oib": "###########",
    "ee.ik": "37D0305####",
    "tr.tckimlik": "###########",
    "ch.ssn": "756.####.####.##",
    "ca.sin": "###-###-###",
    "cl.rut": "########-#",
    "in_.aadhaar": "############",
    "cn.ric": "11010519490307####"[:17] + "#",
    "kr.rrn": "7D0305-1######",
    "il.idnr": "#########",
    "za.idnr": "7D03055###08#",
    "gr.amka": "05037D#####",
    "is_.kennitala": "05037D-###9",
    "ie.pps": "#######AA",
    "lt.asmens": "37D0305####",
}


def national(module: str, rng: random.Random, right: bool = True) -> str:
    """Return a number of a register whose check digits hold, or do not."""
    checker = import_module(f"stdnum.{module}")
    template = NATIONAL[module]
    for _ in range(20000):
        number = "".join(
            rng.choice(string.digits)
            if c == "#"
            else rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ")
            if c == "A" and template.count("A") > 0
            else rng.choice("0123456789ABCDEFHJKLMNPRSTUVWXY")
            if c == "B"
            else rng.choice(string.digits)
            if c == "D"
            else c
            for c in template
        )
        if checker.is_valid(number) == right:
            return number
    raise AssertionError(module)


def _digits(rng: random.Random, template: str) -> str:
    return "".join(
        rng.choice(string.digits)
        if c == "#"
        else rng.choice(string.ascii_uppercase)
        if c == "@"
        else c
        for c in template
    )


PHONES = (
    """
+49 30 2#######|+49 (0)89 #######|+49-171-#######|0171/#######|0172 ### ## ##|030-#######|0049 40 ######
(415) 555-01##|415-555-01##|415.555.01##|+1 (212) 555-01##|+1-650-555-01##|1-800-555-01## x12|(0)20 7946 0###
020 7946 0###|07700 900###|+44 7700 900###|+44 (0)161 496 0###|+33 1 ## ## ## ##|06 ## ## ## ##|06.##.##.##.##
+34 6## ## ## ##|6## ### ###|+39 02 #######|+39 3## #######|+31 6 ########|06-########|+32 4## ## ## ##
+41 44 ### ## ##|079 ### ## ##|+43 664 #######|+45 ## ## ## ##|+46 70 ### ## ##|+47 ### ## ###
+358 40 #######|+48 ### ### ###|+420 ### ### ###|+36 30 ### ####|+90 532 ### ## ##|0532 ### ## ##
+7 (912) ###-##-##|8 (495) ###-##-##|+81-90-####-####|090-####-####|+86 138 #### ####|138########
+82 10-####-####|010-####-####|+91 98### #####|+55 (11) 9####-####|+52 55 #### ####|+61 4## ### ###
04## ### ###|+64 21 ### ###|+27 82 ### ####|tel:+1-201-555-01##|+972 54-###-####|+30 69########
""".strip()
    .replace("\n", "|")
    .split("|")
)

POSTCODES = (
    """
#####|#####-####|SW1A #AA|M# 4PQ|EH12 #TY|#### AB|####XZ|D-#####|F-#####|CH-####|A-####|##-###|### ##|###-####
#####-###|@#@ #@#|@#@#@#|DK-####|LV-####|1##0-###|######|SE-### ##|〒###-####|BT7 #NN
""".strip()
    .replace("\n", "|")
    .split("|")
)

ADDRESSES = (
    """
Lindenstr. {n}, 8{d} München|Hauptstraße {n}, 1{d} Berlin|Am alten Markt {n}|{n} Maple Street, Springfield
{n} Oak Ave Apt 4B, Portland, OR 97{e}|Flat 3, {n} Victoria Road, Leeds LS1 4AP|{n} rue de la Paix, 75002 Paris
{n} bis avenue Foch, 69006 Lyon|Calle Mayor {n}, 2º B, 28{e} Madrid|Via Garibaldi {n}, 20121 Milano
Keizersgracht {n}, 1015 CJ Amsterdam|Storgatan {n}, 114 55 Stockholm|Vesterbrogade {n}, 2. tv, 1620 København
ul. Długa {n}/5, 00-238 Warszawa|Rua das Flores {n}, 1200-195 Lisboa|P.O. Box {n}, Rochester NY 14{e}
{n} Elm Dr, Austin TX|Mannerheimintie {n} A, 00100 Helsinki|Bahnhofweg {n}a|Postfach {n}, 3{d} Kassel
""".strip()
    .replace("\n", "|")
    .split("|")
)

RECORDS = (
    """
########|0#######|MRN0#######|P-#######|##/#####|H19-00###|@#@##@#|00########|@@######|#######-#|PAT_######
#########|K######|##.###.###|2019-0#####|@@@-####-##|#### ####|R#######|N°######|A########@
""".strip()
    .replace("\n", "|")
    .split("|")
)

SERIALS = "1#####|4####|SN-00#####|@@######|####-####|@@@#####@|0000000########|##@###|@##-#####-##".split(
    "|"
)


def phone(rng: random.Random, index: int) -> str:
    return _digits(rng, PHONES[index % len(PHONES)])


def postcode(rng: random.Random, index: int) -> str:
    return _digits(rng, POSTCODES[index % len(POSTCODES)].replace("AA", "@@"))


def address(rng: random.Random, index: int) -> str:
    pattern = ADDRESSES[index % len(ADDRESSES)]
    return pattern.format(n=rng.randint(2, 189), d=rng.randint(1000, 9999), e=rng.randint(100, 999))


def record(rng: random.Random, index: int) -> str:
    return _digits(rng, RECORDS[index % len(RECORDS)])


def serial(rng: random.Random, index: int) -> str:
    return _digits(rng, SERIALS[index % len(SERIALS)])


def uid(rng: random.Random, index: int) -> str:
    roots = [
        "1.3.12.2.1107.5.2.43.66{r}.2019{r}",
        "1.2.840.113619.2.404.{r}.{r}",
        "2.25.{r}{r}{r}",
        "1.3.46.670589.11.{r}.5.0.{r}",
        "1.2.276.0.7230010.3.1.4.{r}.{r}",
        "1.2.392.200036.9116.2.{r}.{r}",
        "1.3.6.1.4.1.14519.5.2.1.{r}.{r}",
        "1.2.826.0.1.3680043.8.498.{r}{r}",
        "1.2.752.24.7.{r}.{r}",
    ]
    root = roots[index % len(roots)]
    while "{r}" in root:
        root = root.replace("{r}", str(rng.randint(10**6, 10**9)), 1)
    return root


_ALNUM = string.ascii_letters + string.digits


def secret(rng: random.Random, index: int) -> str:
    def some(n: int, letters: str = _ALNUM) -> str:
        return "".join(rng.choice(letters) for _ in range(n))

    forms = [
        lambda: "AKIA" + some(16, string.ascii_uppercase + "234567"),
        lambda: "ghp_" + some(36),
        lambda: "glpat-" + some(20),
        lambda: "xoxb-" + some(11, string.digits) + "-" + some(24),
        lambda: some(32, "0123456789ABCDEF"),
        lambda: some(40),
        lambda: "Tr0ub4dor" + some(3, "&!$%"),
        lambda: "sunny" + some(4, string.digits) + "!",
        lambda: "eyJhbGciOiJIUzI1NiJ9." + some(40) + "." + some(43),
        lambda: "hf_" + some(34),
        lambda: "Kx" + some(10, _ALNUM + "#+?"),
        lambda: "sk-" + some(48),
    ]
    return forms[index % len(forms)]()


def mail(rng: random.Random, given: str, family: str, index: int) -> str:
    def plain(text: str) -> str:
        kept = "".join(c for c in text.lower() if c in string.ascii_lowercase)
        return kept or "someone"

    g, f, n = plain(given), plain(family), rng.randint(1, 99)
    forms = [
        f"{g}.{f}@klinik-nord.de",
        f"{f}{n}@gmail.com",
        f"{g[0]}{f}@uni.example.edu",
        f"{g}_{f}@hospital.org.uk",
        f"{f}.{g}@chu-ouest.fr",
        f"{g}+study@mail.example.com",
        f"{g.upper()}.{f.upper()}@NEURO.EDU",
        f"{g} (at) {f}-praxis.de",
        f"{g}.{f} at yahoo dot com",
        f"{g}.{f}[at]posteo.de",
        f"{f} [at] web [dot] de",
        f"mailto:{g}@{f}.net",
        f"<{g}.{f}@cam.ac.uk>",
        f"{f}{g[0]}@qq.com",
        f"{g}.{f}@osaka-u.ac.jp",
        f"{g}@xn--mnchen-3ya.de",
        f"{g}-{f}@student.kuleuven.be",
        f"{g}.{f}(a)inbox.ru",
        f"{n}{f}@163.com",
        f"{g}@{f}.io",
    ]
    return forms[index % len(forms)]


SENTENCES = {
    "en": (
        "She said the noise reminded her of the fire|He was late because the bus broke down"
        "|felt dizzy after the second run and asked for a break|works as the mayor's driver in the village"
        "|broke the left wrist on a skiing trip last winter|claustrophobic since being stuck in a lift"
        "|brother died last spring, cried before the scan|took ibuprofen for a toothache this morning"
        "|used to play first violin in the city orchestra|has a metal splinter near the right eye"
        "|stopped the task to answer a call from the school|mother of twins, breastfeeding, slept badly"
    ),
    "de": (
        "War sehr nervös und wollte nach zehn Minuten raus|hatte am Vorabend auf einer Hochzeit getanzt"
        "|trägt seit dem Motorradunfall eine Platte im Knie|arbeitet nachts als Bäckerin im Dorf"
        "|Cousin der Studienärztin, bitte nicht wieder einladen|hat vor der Messung stark geweint"
    ),
    "fr": (
        "a demandé à sortir à cause du bruit|ancienne championne de natation du club"
        "|se plaint de migraines depuis son divorce|très fatiguée après une garde de nuit"
    ),
    "es": "se sintió mareada durante la prueba|trabaja de noche en la panadería del barrio",
    "it": "si è mosso molto durante la scansione|lavora come custode della chiesa del paese",
    "ja": "途中で気分が悪くなり検査を中止した|前日は結婚式で遅くまで起きていた",
    "ru": "жаловалась на шум и попросила остановить|работает водителем у мэра города",
}


def sentence(rng: random.Random, index: int) -> str:
    language = ["en", "en", "en", "de", "fr", "es", "it", "ja", "ru", "en"][index % 10]
    return rng.choice(SENTENCES[language].split("|"))
