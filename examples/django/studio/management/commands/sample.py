from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from studio.models import Document, Framework


class Command(BaseCommand):
    help = 'Fills an empty database with two people, two frameworks and three documents; their password is read from standard input.'

    @transaction.atomic
    def handle(self, *args, **options):
        people = get_user_model().objects
        if people.exists():
            raise CommandError('There are people already: this is for an empty database')
        password = input()
        validate_password(password)
        anna, bert = [people.create_user(name, f'{name}@example.com', password) for name in ('anna', 'bert')]
        soc, gdpr = [Framework.objects.create(name=name) for name in ('SOC 2', 'GDPR')]
        gdpr.viewers.add(bert)
        for title, owner, framework in (
            ('Access review, third quarter', anna, soc),
            ('Record of processing', anna, gdpr),
            ('Vendor list', bert, soc),
        ):
            Document.objects.create(title=title, body=f'{title}: to be read by whom it concerns.', owner=owner, framework=framework)
        self.stdout.write('anna and bert can sign in')
