"""Talks to the gate, which listens on this machine only."""
import json
import urllib.request

from django.conf import settings

# loopback is never behind a proxy, whatever the environment says
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def client(request):
    """The client's address as the gate has found it: nginx writes it over whatever came in."""
    return (request.META.get('HTTP_X_FORWARDED_FOR') or None) if request is not None else None


def _ask(path, body, timeout):
    request = urllib.request.Request(
        settings.GATE_URL + path,
        data=json.dumps(body).encode(),
        headers={'Content-Type': 'application/json', 'Authorization': f'Bearer {settings.GATE_TOKEN}'},
    )
    with _opener.open(request, timeout=timeout) as answer:
        return json.loads(answer.read(65_536) or b'{}')


def tell(action, reason=None, name=None, address=None, outcome='failure'):
    """An event. Never raises: that nobody listens must not keep anybody from working."""
    try:
        _ask('/events', {'action': action, 'outcome': outcome, 'reason': reason, 'name': name, 'address': address}, 0.5)
    except (OSError, ValueError):
        pass


def begin(request, name):
    """Counts an attempt to sign in before the password is looked at. The attempt's id, or None: answer as for a wrong password.
    Raises when the gate does not answer, so that nobody gets in uncounted."""
    headers = {'cookie': request.META.get('HTTP_COOKIE', ''), 'agent': request.META.get('HTTP_USER_AGENT', '')}
    return _ask('/attempts', {'name': name, 'address': client(request), **headers}, 10).get('attempt')


def finish(attempt, outcome):
    """Says what became of it: 'ok', 'failed' or 'unknown'. Set-Cookie values that make this browser known, or None if it does not count."""
    return _ask(f'/attempts/{attempt}', {'outcome': outcome}, 10).get('cookies')
