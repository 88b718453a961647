"""What would tell a reader who somebody is, marked on the writer's own page: it isn't stopped there, but it can't be raised as it is."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core import guard

register = template.Library()


@register.filter
def marked(text: str) -> SafeString:
    """`text` with its line breaks, each find of the guard in a <mark>; for those who don't see that, a word."""
    shown, reached = SafeString(""), 0
    for found in guard.find(text):
        shown += format_html(
            '{}<mark class="may-name"><span class="visually-hidden">{} </span>{}</mark>',
            text[reached : found.start],
            _("May say who it is:"),
            text[found.start : found.end],
        )
        reached = found.end
    shown += format_html("{}", text[reached:])
    return SafeString(shown.replace("\r\n", "\n").replace("\n", "<br>"))
