from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.views import LoginView
from django.core.exceptions import PermissionDenied
from django.views.decorators.debug import sensitive_variables

from studio import gate


class Hasher(PBKDF2PasswordHasher):
    """Django 3.2 hashes 260,000 times; OWASP asks for 600,000. Where argon2-cffi is at hand, take Argon2PasswordHasher."""

    iterations = max(PBKDF2PasswordHasher.iterations, 600_000)


class GateBackend(ModelBackend):
    """Django checks the password; the gate counts, before it is checked."""

    @sensitive_variables('password')
    def authenticate(self, request, username=None, password=None, **more):
        if request is None or username is None or password is None:
            raise PermissionDenied('sign-in needs a request, a name and a password')
        attempt = gate.begin(request, username)
        if attempt is None:
            raise PermissionDenied('refused by the gate')
        person = super().authenticate(request, username=username, password=password)
        known = person is not None or get_user_model().objects.filter(username=username).exists()
        cookies = gate.finish(attempt, 'ok' if person is not None else 'failed' if known else 'unknown')
        if person is None or cookies is None:
            raise PermissionDenied('no such name or password')
        request.device_cookies = cookies
        return person


class SignIn(LoginView):
    redirect_authenticated_user = True

    def form_valid(self, form):
        answer = super().form_valid(form)
        for cookie in self.request.device_cookies:
            answer.cookies.load(cookie)
        return answer
