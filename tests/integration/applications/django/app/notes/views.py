from django.views.generic import ListView

from notes.models import Note


class NoteList(ListView):
    model = Note
