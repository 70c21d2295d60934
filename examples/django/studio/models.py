import uuid

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models


class Opaque(models.Model):
    """Ids that say nothing: who knows one cannot tell the next. They are no right to look; `visible_to` is."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


class Person(Opaque, AbstractUser):
    pass


class Framework(Opaque):
    name = models.CharField(max_length=100, unique=True)
    viewers = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name='frameworks', blank=True)


class DocumentQuerySet(models.QuerySet):
    def visible_to(self, person):
        """The one place that says who sees what: one's own, and those of frameworks that one may view."""
        return self.filter(models.Q(owner=person) | models.Q(framework__in=person.frameworks.all()))


class Document(Opaque):
    title = models.CharField(max_length=200)
    body = models.TextField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name='documents')
    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name='documents')
    updated = models.DateTimeField(auto_now=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ['-updated']


class Comment(Opaque):
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name='comments')
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name='+')
    text = models.CharField(max_length=2000)
    written = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ['written']


class Access(models.Model):
    """Who saw or changed what; written with the answer, and never changed."""

    at = models.DateTimeField(auto_now_add=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name='+')
    action = models.CharField(max_length=20)
    document = models.UUIDField()
    address = models.GenericIPAddressField(null=True)
    request = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=['person', 'at'], name='access_person'), models.Index(fields=['document', 'at'], name='access_document')]
