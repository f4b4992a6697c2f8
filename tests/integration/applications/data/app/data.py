import datetime
import sys

SUITE = {}


def check(function):
    SUITE[function.__name__] = function
    return function


@check
def faker():
    from faker import Faker
    from faker.config import AVAILABLE_LOCALES

    out = []
    for locale in ("de_DE", "ja_JP", "pl_PL"):
        Faker.seed(1)
        fake = Faker(locale)
        out += [fake.name(), fake.city(), fake.company()]
    return out, len(AVAILABLE_LOCALES)


@check
def phone():
    import phonenumbers
    from phonenumbers import carrier, geocoder, timezone

    number = phonenumbers.parse("+49 30 123456")
    return (
        geocoder.description_for_number(number, "de"),
        carrier.name_for_number(phonenumbers.parse("+447400123456"), "en"),
        timezone.time_zones_for_number(number),
    )


@check
def langdetect():
    from langdetect import DetectorFactory, detect

    DetectorFactory.seed = 0
    return detect("Das ist ein deutscher Satz über das Wetter."), detect("This is a sentence about the weather.")


@check
def dateutil():
    import dateutil.zoneinfo
    from dateutil import parser, rrule, tz

    zones = dateutil.zoneinfo.get_zonefile_instance()
    return (
        len(zones.zones) > 400,
        zones.metadata["tzversion"],
        zones.get("Europe/Berlin").utcoffset(datetime.datetime(2024, 7, 1)),
        parser.parse("3rd of May 2024 10pm").isoformat(),
        tz.gettz("Asia/Tokyo").utcoffset(datetime.datetime(2024, 1, 1)),
        [day.day for day in rrule.rrule(rrule.DAILY, count=3, dtstart=datetime.datetime(2024, 2, 28))],
    )


@check
def pytz():
    import pytz

    return (
        pytz.timezone("Europe/Warsaw").localize(datetime.datetime(2024, 7, 1)).isoformat(),
        len(pytz.all_timezones),
        pytz.country_names["pl"],
    )


@check
def nltk():
    import nltk
    from nltk.stem import PorterStemmer, SnowballStemmer
    from nltk.tokenize import wordpunct_tokenize

    return (
        PorterStemmer().stem("running"),
        SnowballStemmer("german").stem("laufenden"),
        wordpunct_tokenize("a b, c."),
        nltk.__version__,
    )


@check
def nltk_missing():
    from nltk.corpus import stopwords

    return stopwords.words("english")


@check
def jsonschema():
    import jsonschema

    validator = jsonschema.Draft202012Validator(
        {"type": "object", "properties": {"a": {"format": "ipv4"}}}, format_checker=jsonschema.FormatChecker()
    )
    return [error.message for error in validator.iter_errors({"a": "x"})], jsonschema.Draft7Validator.META_SCHEMA["$id"]


@check
def lark():
    from lark import Lark

    grammar = """
    start: (NAME "=" expr)+
    expr: SIGNED_NUMBER
    %import common.SIGNED_NUMBER
    %import common.CNAME -> NAME
    %import common.WS
    %ignore WS
    """
    tree = Lark(grammar, parser="lalr").parse("a = 1 b = -2")
    return str(tree), str(
        Lark.open_from_package("lark", "python.lark", ["grammars"], parser="lalr", start="file_input") is not None
    )


tokens = ("NUMBER", "PLUS")
t_NUMBER = r"\d+"
t_PLUS = r"\+"
t_ignore = " "


def t_error(t):
    raise SyntaxError(t)


def p_sum(p):
    "sum : sum PLUS NUMBER"
    p[0] = p[1] + int(p[3])


def p_number(p):
    "sum : NUMBER"
    p[0] = int(p[1])


def p_error(p):
    raise SyntaxError(p)


@check
def ply():
    import ply.lex
    import ply.yacc

    ply.lex.lex(module=sys.modules[__name__])
    return ply.yacc.yacc(
        module=sys.modules[__name__], tabmodule="tables", outputdir=".", write_tables=True, debug=False
    ).parse("1 + 2 + 3")


@check
def holidays():
    import holidays

    return (
        holidays.country_holidays("PL", years=2024, language="en_US")["2024-11-11"],
        holidays.country_holidays("DE", years=2024)["2024-10-03"],
        len(holidays.list_supported_countries()),
    )


@check
def chardet():
    import chardet

    return chardet.detect("Zażółć gęślą jaźń, proszę państwa".encode("iso-8859-2"))


@check
def tldextract():
    import tldextract

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)("http://www.example.co.uk")


@check
def user_agents():
    from user_agents import parse

    return str(
        parse(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 5_1 like Mac OS X) AppleWebKit/534.46 Version/5.1 Mobile/9B179 Safari/7534.48.3"
        )
    )


@check
def emoji():
    import emoji

    return emoji.demojize("👍", language="de"), emoji.emojize(":thumbs_up:")


@check
def unidecode():
    from unidecode import unidecode

    return unidecode("北京 Zażółć")


@check
def figlet():
    import pyfiglet

    return "\n" + pyfiglet.figlet_format("Iron", font="slant"), len(pyfiglet.FigletFont.getFonts()) > 100


@check
def stevedore():
    from stevedore import ExtensionManager

    return sorted(ExtensionManager("stevedore.example.formatter").names())


@check
def pendulum():
    import pendulum

    moment = pendulum.datetime(2024, 3, 31, 1, tz="Europe/Paris")
    return (
        moment.add(hours=1).isoformat(),
        moment.format("dddd D MMMM", locale="fr"),
        moment.diff_for_humans(moment.add(days=3), locale="pl"),
    )


@check
def arrow():
    import arrow

    return arrow.get("2024-01-01").humanize(arrow.get("2024-01-03"), locale="ko"), arrow.get(
        "2024-01-01", tzinfo="US/Pacific"
    ).isoformat()


@check
def humanize():
    import humanize

    humanize.i18n.activate("ru_RU")
    return humanize.naturaltime(datetime.timedelta(hours=3)), humanize.intword(12_000_000)


@check
def inflect():
    import inflect

    engine = inflect.engine()
    return engine.plural("ox"), engine.number_to_words(1234)


for name, function in SUITE.items():
    try:
        print(f"{name}: {function()}")
    except Exception as error:
        print(f"{name}: {type(error).__name__}: {error}")
