from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out

from studio.gate import client, tell


class StudioConfig(AppConfig):
    name = 'studio'

    def ready(self):
        # of sign-ins, failed ones too, the gate tells by itself: it has counted them
        user_logged_out.connect(logged_out)


def logged_out(sender, request, user, **more):
    if user is not None:
        tell('logout', None, user.get_username(), client(request), 'success')
