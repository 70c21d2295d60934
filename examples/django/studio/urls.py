from django.contrib.auth.views import LogoutView
from django.urls import path
from django.views.decorators.http import require_POST

from studio import views
from studio.sign_in import SignIn

urlpatterns = [
    path('accounts/login/', SignIn.as_view()),
    # Django 3.2 and 4 sign out by GET too, which a link of another site could do
    path('accounts/logout/', require_POST(LogoutView.as_view())),
    path('api/me', views.me),
    path('api/documents', views.documents),
    path('api/documents/<uuid:id>', views.document),
    path('api/documents/<uuid:id>/comments', views.comment),
]
handler400 = views.bad_request
handler403 = views.forbidden
handler404 = views.not_found
handler500 = views.failed
