import datetime
import gettext
import sys
import zoneinfo
from pathlib import Path

import pycountry
from babel import Locale, dates, lists, numbers, units
from babel.support import Translations
from jinja2 import Environment, PackageLoader, TemplateNotFound, select_autoescape

LANGUAGE = sys.argv[1]
locale = Locale.parse(LANGUAGE)
folder = Path(__file__).parent / "store" / "locale"
environment = Environment(
    loader=PackageLoader("store"), extensions=["jinja2.ext.i18n"], autoescape=select_autoescape(), trim_blocks=True
)
environment.install_gettext_translations(Translations.load(folder, [LANGUAGE]), newstyle=True)
when = datetime.datetime(2024, 3, 31, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
print(
    environment.get_template("page.html").render(
        name="<Ada>",
        price=numbers.format_currency(1234.5, {"de": "EUR", "pl": "PLN"}.get(LANGUAGE, "USD"), locale=locale),
        when=dates.format_datetime(when, "full", locale=locale),
        things=lists.format_list([locale.languages[code] for code in ("en", "fr", "pl")], locale=locale),
        far=units.format_unit(12, "length-kilometer", locale=locale),
    )
)
print(sorted(environment.list_templates()))
print(gettext.translation("messages", folder, [LANGUAGE], fallback=True).gettext("Hello"))
print(gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=[LANGUAGE]).gettext("Germany"))
print(
    len(pycountry.countries), pycountry.languages.get(alpha_2=LANGUAGE).name, len(zoneinfo.available_timezones()) > 400
)
try:
    environment.get_template("none.html")
except TemplateNotFound as error:
    print("not found:", error.name, error.message)
