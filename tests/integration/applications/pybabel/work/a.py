from gettext import gettext as _
print(_('Hello'))
