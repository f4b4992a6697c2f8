import sys, threading, urllib.error, urllib.request
from flask import Flask, abort, jsonify, render_template_string, request
from werkzeug.serving import make_server

app = Flask(__name__)


@app.get("/hello/<name>")
def hello(name):
    if name == "nobody":
        abort(404)
    return render_template_string("<p>{{ name|upper }} {{ '<&>' }}</p>", name=name)


@app.post("/sum")
def total():
    return jsonify(sum=sum(request.get_json()))


server = make_server("127.0.0.1", 0, app, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.port}"
print(urllib.request.urlopen(f"{base}/hello/{sys.argv[1]}").read().decode())
body = urllib.request.Request(f"{base}/sum", b"[1, 2, 3]", {"Content-Type": "application/json"})
print(urllib.request.urlopen(body).read().decode())
try:
    urllib.request.urlopen(f"{base}/hello/nobody")
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
server.shutdown()
