import json
from functools import wraps

from django.db import transaction
from django.http import Http404, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from studio.gate import client
from studio.models import Access, Comment, Document


def problem(request, status, title):
    """RFC 9457. What went wrong is for the log; the person gets a reference to it."""
    body = {'type': 'about:blank', 'title': title, 'status': status, 'instance': f'urn:uuid:{request_id(request)}'}
    answer = JsonResponse(body, status=status, content_type='application/problem+json')
    answer['Cache-Control'] = 'no-store'
    return answer


def request_id(request):
    return request.META.get('HTTP_X_REQUEST_ID', '')[:64]


def signed_in(view):
    """For an API: 401 instead of a way to a page. What is behind a session is kept by no cache."""

    @wraps(view)
    def wrapped(request, *args, **kwargs):
        if not request.user.is_authenticated:
            return problem(request, 401, 'Sign in first')
        return view(request, *args, **kwargs)

    return never_cache(wrapped)


def seen(request, action, document):
    address = client(request)
    Access.objects.create(person=request.user, action=action, document=document.pk, address=address, request=request_id(request))


def find(request, id):
    """What one may not see is not there."""
    found = Document.objects.visible_to(request.user).select_related('framework', 'owner').filter(pk=id).first()
    if found is None:
        raise Http404
    return found


def ms(time):
    return int(time.timestamp() * 1000)


def summary(document):
    return {
        'id': str(document.pk),
        'title': document.title,
        'framework': document.framework.name,
        'owner': document.owner.get_username(),
        'changedAt': ms(document.updated),
    }


def remark(comment):
    return {'by': comment.author.get_username(), 'text': comment.text, 'at': ms(comment.written)}


@require_GET
@signed_in
def me(request):
    # a script that posts sends this back as X-CSRFToken
    person = request.user
    role = 'admin' if person.is_staff else 'member'
    return JsonResponse(
        {'id': str(person.pk), 'name': person.get_username(), 'email': person.email, 'role': role, 'csrfToken': get_token(request)}
    )


@require_GET
@signed_in
def documents(request):
    visible = Document.objects.visible_to(request.user).select_related('framework', 'owner')
    return JsonResponse({'documents': [summary(document) for document in visible[:200]], 'total': visible.count()})


@require_GET
@signed_in
@transaction.atomic
def document(request, id):
    found = find(request, id)
    seen(request, 'view', found)
    comments = found.comments.select_related('author')[:200]
    return JsonResponse({**summary(found), 'body': found.body, 'comments': [remark(comment) for comment in comments]})


@require_POST
@signed_in
@transaction.atomic
def comment(request, id):
    found = find(request, id)
    text = text_of(request)
    if text is None:
        return problem(request, 400, 'Send {"text": "..."} of 1 to 2,000 characters')
    written = Comment.objects.create(document=found, author=request.user, text=text)
    seen(request, 'comment', found)
    return JsonResponse(remark(written), status=201)


def text_of(request):
    if request.content_type != 'application/json':
        return None
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    text = body.get('text') if isinstance(body, dict) else None
    return text if isinstance(text, str) and 0 < len(text.strip()) and len(text) <= 2000 and '\0' not in text else None


def bad_request(request, exception):
    return problem(request, 400, 'Bad request')


def forbidden(request, exception):
    return problem(request, 403, 'Forbidden')


def csrf_failed(request, reason=''):
    return problem(request, 403, 'This request did not come from a page of ours')


def not_found(request, exception):
    return problem(request, 404, 'Not found')


def failed(request):
    return problem(request, 500, 'Something went wrong')
