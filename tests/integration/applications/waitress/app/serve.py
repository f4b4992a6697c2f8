import sys

import bottle
import falcon
from waitress import serve


class Resource:
    def on_get(self, request, response):
        response.media = {"x": request.get_param_as_int("x")}


first = falcon.App()
first.add_route("/falcon", Resource())
second = bottle.Bottle()


@second.get("/bottle/<name>")
def show(name):
    return bottle.template("<b>{{name}}</b>", name=name) if name != "none" else bottle.abort(404, "nothing")


def application(environ, start_response):
    return (second if environ["PATH_INFO"].startswith("/bottle") else first)(environ, start_response)


serve(application, host="127.0.0.1", port=int(sys.argv[1]), threads=2)
