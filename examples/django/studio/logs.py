"""What leaves Django: lines for people, events for the gate, and nothing that is nobody's business."""
import logging
import re

from django.views.debug import SafeExceptionReporterFilter

from studio.gate import client, tell

_MAIL = re.compile(r'([\w.+-]{1,2})[\w.+-]{0,62}@([\w-]{1,63})')
_BREAKS = {code: f'\\x{code:02x}' for code in [*range(32), *range(127, 160), 0x2028, 0x2029]}


class Filter(SafeExceptionReporterFilter):
    def is_active(self, request):
        return True


class Line(logging.Formatter):
    """One record is one line, whatever somebody put into it, and names no mail address in full."""

    def format(self, record):
        return _MAIL.sub(r'\1***@\2', super().format(record)[:16_000].translate(_BREAKS))


class GateHandler(logging.Handler):
    """Lines of django.security.*: what they are called is the reason."""

    def emit(self, record):
        tell('request-refused', record.name.rpartition('.')[2], None, client(getattr(record, 'request', None)))
