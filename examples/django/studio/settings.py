"""Everything about security that is a setting. What is secret, or differs from place to place, comes from the environment."""
import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def required(name, least=1):
    """A variable that must be there: nothing here is made up when it is missing."""
    value = os.environ.get(name, '')
    if len(value) < least:
        raise ImproperlyConfigured(f'Set {name} ({least} characters or more); the README says how')
    return value


BASE_DIR = Path(__file__).resolve().parent.parent

# -- secrets and names

SECRET_KEY = required('DJANGO_SECRET_KEY', 50)
if SECRET_KEY.startswith('django-insecure-') or len(set(SECRET_KEY)) < 16:
    raise ImproperlyConfigured('DJANGO_SECRET_KEY is a placeholder; make one of your own: openssl rand -base64 48')
# signs what the key before it signed, for as long as you leave it here; Django 4.1 and later, unknown to 3.2
SECRET_KEY_FALLBACKS = [key for key in [os.environ.get('DJANGO_SECRET_KEY_BEFORE')] if key]
ALLOWED_HOSTS = required('DJANGO_HOSTS').split(',')
if '*' in ALLOWED_HOSTS:
    raise ImproperlyConfigured('DJANGO_HOSTS is *: links in mails would lead wherever somebody wants; name your hosts, comma-separated')
DEBUG = False

# -- the gate: the program that nginx asks, and that Django asks at sign-in

GATE_URL = os.environ.get('GATE_URL', 'http://127.0.0.1:4000')
GATE_TOKEN = required('GATE_TOKEN', 32)

# -- what runs

INSTALLED_APPS = ['django.contrib.auth', 'django.contrib.contenttypes', 'django.contrib.sessions', 'studio']
MIDDLEWARE = [
    'django.middleware.security.SecurityMiddleware',
    'django.contrib.sessions.middleware.SessionMiddleware',
    'django.middleware.common.CommonMiddleware',
    'django.middleware.csrf.CsrfViewMiddleware',
    'django.contrib.auth.middleware.AuthenticationMiddleware',
    'django.middleware.clickjacking.XFrameOptionsMiddleware',
]
ROOT_URLCONF = 'studio.urls'
WSGI_APPLICATION = 'studio.wsgi.application'
TEMPLATES = [
    {
        'BACKEND': 'django.template.backends.django.DjangoTemplates',
        'APP_DIRS': True,
        'OPTIONS': {'context_processors': ['django.template.context_processors.request']},
    }
]
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': os.environ.get('DJANGO_DATABASE', BASE_DIR / 'studio.sqlite3')}}
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
USE_TZ = True

# -- people

AUTH_USER_MODEL = 'studio.Person'
# the only way in: five wrong passwords lock a name, but not in browsers that its owner has signed in with
AUTHENTICATION_BACKENDS = ['studio.sign_in.GateBackend']
PASSWORD_HASHERS = ['studio.sign_in.Hasher']
AUTH_PASSWORD_VALIDATORS = [
    {'NAME': 'django.contrib.auth.password_validation.MinimumLengthValidator', 'OPTIONS': {'min_length': 12}},
    {'NAME': 'django.contrib.auth.password_validation.UserAttributeSimilarityValidator'},
    {'NAME': 'django.contrib.auth.password_validation.CommonPasswordValidator'},
]
LOGIN_REDIRECT_URL = '/api/me'
LOGOUT_REDIRECT_URL = '/accounts/login/'
PASSWORD_RESET_TIMEOUT = 3600

# -- sessions and cookies

# with __Host- no other host, such as a taken-over subdomain, can set them; browsers take that with Secure, Path=/ and no Domain
SESSION_COOKIE_NAME = '__Host-sessionid'
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
# Lax where mails link to pages that need a session
SESSION_COOKIE_SAMESITE = 'Strict'
# an hour without a request ends a session
SESSION_COOKIE_AGE = 3600
SESSION_SAVE_EVERY_REQUEST = True
CSRF_COOKIE_NAME = '__Host-csrftoken'
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = 'Strict'
CSRF_FAILURE_VIEW = 'studio.views.csrf_failed'

# -- transport and headers; nginx says them too, on answers that Django never sees

# believed because nginx writes it over whatever the client has sent; wsgi servers that listen elsewhere than on loopback must not
SECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https')
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
# the preload list is a door that opens one way: set SECURE_HSTS_PRELOAD when every host of the domain has https for good
SILENCED_SYSTEM_CHECKS = ['security.W021']
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = 'strict-origin-when-cross-origin'
# Django 4.0 and later; 3.2 does not know it, and nginx sends the header
SECURE_CROSS_ORIGIN_OPENER_POLICY = 'same-origin'
X_FRAME_OPTIONS = 'DENY'

# -- bounds

DATA_UPLOAD_MAX_MEMORY_SIZE = 65_536
DATA_UPLOAD_MAX_NUMBER_FIELDS = 50
# nobody uploads files here
FILE_UPLOAD_HANDLERS = ['django.core.files.uploadhandler.MemoryFileUploadHandler']

# -- what is written

# hides all form fields and what looks like a secret from reports, DEBUG or not
DEFAULT_EXCEPTION_REPORTER_FILTER = 'studio.logs.Filter'
LOGGING = {
    'version': 1,
    'disable_existing_loggers': False,
    'formatters': {'line': {'()': 'studio.logs.Line', 'format': '{asctime} {levelname} {name} {message}', 'style': '{'}},
    'handlers': {
        'console': {'class': 'logging.StreamHandler', 'formatter': 'line'},
        'gate': {'class': 'studio.logs.GateHandler', 'level': 'WARNING'},
    },
    'root': {'handlers': ['console'], 'level': 'INFO'},
    'loggers': {
        # Django's own handlers are for development and for mail
        'django': {'handlers': [], 'level': 'INFO', 'propagate': True},
        'django.security': {'handlers': ['gate'], 'level': 'WARNING', 'propagate': True},
    },
}
