from django.core.management.base import BaseCommand
from django.test import Client


class Command(BaseCommand):
    help = "Ask the site for some pages."

    def handle(self, **options):
        client = Client()
        for path in ("/notes/", "/admin/login/", "/none"):
            answer = client.get(path)
            self.stdout.write(f"{path} {answer.status_code}")
            if answer.status_code == 200:
                self.stdout.write(answer.content.decode())
