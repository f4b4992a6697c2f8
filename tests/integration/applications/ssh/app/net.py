import io
import socket
import sys
import threading


def ssh():
    import paramiko

    key = paramiko.RSAKey.generate(2048)
    text = io.StringIO()
    key.write_private_key(text)
    key = paramiko.RSAKey.from_private_key(io.StringIO(text.getvalue()))

    class Server(paramiko.ServerInterface):
        def check_channel_request(self, kind, chanid):
            return paramiko.OPEN_SUCCEEDED

        def check_auth_password(self, username, password):
            return paramiko.AUTH_SUCCESSFUL if (username, password) == ("me", "secret") else paramiko.AUTH_FAILED

        def check_channel_exec_request(self, channel, command):
            channel.send(b"hello " + command)
            channel.send_exit_status(3)
            channel.shutdown(2)
            return True

    here, there = socket.socketpair()
    transport = paramiko.Transport(there)
    transport.add_server_key(key)
    # With an event of its own it does not wait: a thread that waits may find the transport closed, and prints a traceback.
    transport.start_server(event=threading.Event(), server=Server())
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect("localhost", username="me", password="secret", sock=here, allow_agent=False, look_for_keys=False)
    _, out, _ = client.exec_command("there")
    answer = out.read(), out.channel.recv_exit_status()
    client.close()
    transport.close()
    return answer


def zmq():
    import zmq

    context = zmq.Context()
    server = context.socket(zmq.REP)
    port = server.bind_to_random_port("tcp://127.0.0.1")
    threading.Thread(target=lambda: server.send_json({"got": server.recv_json()}), daemon=True).start()
    client = context.socket(zmq.REQ)
    client.connect(f"tcp://127.0.0.1:{port}")
    client.send_json([1, 2])
    return client.recv_json(), zmq.has("curve")


def gevent():
    import gevent
    from gevent import monkey, pywsgi

    server = pywsgi.WSGIServer(("127.0.0.1", 0), lambda environ, start: (start("200 OK", []), [b"served"])[1], log=None)
    server.start()

    def ask():
        with gevent.socket.create_connection(("127.0.0.1", server.server_port)) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return b"".join(iter(lambda: connection.recv(100), b"")).splitlines()[-1]

    jobs = [gevent.spawn(ask) for _ in range(3)]
    gevent.joinall(jobs, timeout=20)
    return [job.value for job in jobs], gevent.config.resolver.__name__, gevent.get_hub().loop.backend


def cffi():
    import cffi

    ffi = cffi.FFI()
    ffi.cdef("typedef struct { int a; double b[3]; } thing; int strlen(const char *);")
    thing = ffi.new("thing *", {"a": 1, "b": [1.5, 2.5, 3.5]})
    return thing.a, list(thing.b), ffi.sizeof("thing"), ffi.dlopen(None).strlen(b"four")


for function in (ssh, zmq, gevent, cffi):
    print(f"{function.__name__}: {function()}")
