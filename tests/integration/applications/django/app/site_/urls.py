from django.contrib import admin
from django.http import HttpResponse
from django.urls import path

from notes import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("notes/", views.NoteList.as_view()),
    path("plain", lambda request: HttpResponse("plain", content_type="text/plain")),
]
