import http.server
import os
import ssl
import tempfile
import threading
from importlib.resources import files
from pathlib import Path

import certifi
import requests
import trustme

authority = trustme.CA()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
authority.issue_cert("localhost").configure_cert(context)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/there?x=1")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=latin-1")
        self.end_headers()
        self.wfile.write(b"hello \xe4")

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.handle_error = lambda *args: None
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"https://localhost:{server.server_port}"


def get(what, **options):
    try:
        answer = requests.get(url + "/moved", timeout=20, **options)
    except requests.exceptions.SSLError as error:
        print(f"{what}: SSLError", "CERTIFICATE_VERIFY_FAILED" if "CERTIFICATE_VERIFY_FAILED" in str(error) else error)
    else:
        print(
            f"{what}: {answer.status_code} {answer.text}",
            [step.status_code for step in answer.history],
            answer.encoding,
        )


with tempfile.TemporaryDirectory() as folder:
    own = Path(folder, "ca.pem")
    authority.cert_pem.write_to_path(own)
    get("trusted", verify=str(own))
    get("certifi")
    get("bundle", verify=certifi.where())
    get("none", verify=False, proxies={})
    os.environ["REQUESTS_CA_BUNDLE"] = str(own)
    get("environment")
    both = Path(folder, "both.pem")
    both.write_text(certifi.contents() + own.read_text())
    get("both", verify=str(both))
    get("missing file") if False else None
    try:
        requests.get(url, verify="/nonexistent/ca.pem", timeout=20)
    except OSError as error:
        print(type(error).__name__, error)
loaded = ssl.create_default_context(cafile=certifi.where())
print(len(loaded.get_ca_certs()) > 100, files("certifi").joinpath("cacert.pem").read_text() == certifi.contents())
print(Path(certifi.where()).name, requests.certs.where() == certifi.where())
server.shutdown()
