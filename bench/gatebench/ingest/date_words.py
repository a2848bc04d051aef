"""Months and days of the week in words of several languages, put into the words that programs know."""

import re
import unicodedata

import pandas as pd

MONTHS = (
    "jan january januar janner janvier janv ene enero gennaio gen janeiro januari styczen stycznia sty",
    "feb february februar febr feber fevrier fevr fev febrero febbraio fevereiro februari luty lutego lut",
    "mar march marz marzo mars marco mrt maart mrz maerz marzec marca",
    "apr april avril avr abr abril aprile kwiecien kwietnia kwi",
    "may mai mayo mag maggio maio mei maj maja",
    "jun june juni juin junio giu giugno junho czerwiec czerwca cze",
    "jul july juli juillet juil julio lug luglio julho lipiec lipca lip",
    "aug august aout ago agosto augusto augustus augusti sierpien sierpnia sie",
    "sep sept september septembre septiembre set settembre setembro wrzesien wrzesnia wrz",
    "oct october okt oktober octobre octubre ott ottobre out outubro pazdziernik pazdziernika paz",
    "nov november novembre noviembre novembro listopad listopada lis",
    "dec december dez dezember decembre dic diciembre dicembre dezembro desember grudzien grudnia gru",
)
"""Names of each month and their short forms, without accents, in English, German, French, Spanish, Italian, Portuguese,
Dutch, Scandinavian languages and Polish."""
ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""What programs call the months."""
WEEKDAYS = (
    "mon tue wed thu fri sat sun tues thur thurs monday tuesday wednesday thursday friday saturday sunday",
    "mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag",
    "lun mar mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche",
    "mie jue vie sab dom lunes martes miercoles jueves viernes sabado domingo",
    "gio lunedi martedi mercoledi giovedi venerdi domenica seg ter qua qui sex segunda terca quarta quinta sexta",
    "ma wo vr za zo maandag dinsdag woensdag donderdag vrijdag zaterdag zondag man tir ons tor lor",
)
"""Days of the week and their short forms, which a date may begin with."""
BETWEEN = ("de", "del", "of", "den", "le", "the")
"""Words that stand between the parts of a date."""
AS_THEY_ARE = ("am", "pm", "t", "z", "utc", "gmt")
"""Words that belong to a time."""
_DAYS = frozenset(name for names in WEEKDAYS for name in names.split())
_NUMBERS = {name: number for number, names in enumerate(MONTHS) for name in names.split()}
_ORDINAL = re.compile(r"(?<=\d)(er|st|nd|rd|th|º|ª)\b")
_WORD = re.compile(r"[^\W\d_]+\.?,?")


def month_of(name: str) -> int | None:
    """Return the number from 0 on of the month that a name alone stands for, or None."""
    return _NUMBERS.get(_plain(name.strip()))


def translated(texts: pd.Series) -> pd.Series | None:
    """Return texts with the months in English and without days of the week; None where a word is neither, or no month."""
    if not texts.iloc[:1].str.contains(_WORD).all():
        return None
    changed = {}
    for text in texts.unique():
        changed[text] = _of_one(text)
        if changed[text] is None:
            return None
    return texts.map(changed)


def _of_one(text: str) -> str | None:
    """Return one text; of several words that may be a month the last one is it: a Tuesday is *mar* as well."""
    bare = _ORDINAL.sub("", text)
    words = [*_WORD.finditer(bare)]
    months = [place for place, word in enumerate(words) if _plain(word.group()) in _NUMBERS]
    parts, end = [], 0
    for place, word in enumerate(words if months else []):
        name = _plain(word.group())
        if place == months[-1]:
            put = ENGLISH[_NUMBERS[name]] + "," * word.group().endswith(",")
        elif name in _DAYS or name in BETWEEN:
            put = ""
        elif name in AS_THEY_ARE:
            put = word.group()
        else:
            return None
        parts += [bare[end : word.start()], put]
        end = word.end()
    return " ".join("".join([*parts, bare[end:]]).split()) if months else None


def _plain(word: str) -> str:
    """Return a word in small letters, without accents and what stands behind it."""
    parts = unicodedata.normalize("NFKD", word.rstrip(",").rstrip(".").casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))
