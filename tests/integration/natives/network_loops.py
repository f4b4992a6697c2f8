# /// script
# dependencies = ["aiohttp", "uvloop", "grpcio"]
# ///
"""Servers and clients in one process, on both event loops; threads of C++ that call back into Python."""

import asyncio
from concurrent import futures

import aiohttp
import grpc
import uvloop
from aiohttp import web


async def exchange():
    async def handle(request):
        return web.json_response({"path": request.path, "body": await request.text()})

    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    async with aiohttp.ClientSession() as session, session.post(f"http://127.0.0.1:{port}/a", data="b") as response:
        answer = await response.json()
    await runner.cleanup()
    process = await asyncio.create_subprocess_exec("/bin/echo", "child", stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    try:
        await asyncio.wait_for(asyncio.sleep(5), 0.01)
    except TimeoutError:
        return answer, out, process.returncode, type(asyncio.get_running_loop()).__module__.split(".")[0]


print(asyncio.run(exchange()))
print(uvloop.run(exchange()))


class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        def reverse(request, context):
            if request == b"fail":
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "told to")
            return request[::-1]

        return grpc.unary_unary_rpc_method_handler(reverse)


server = grpc.server(futures.ThreadPoolExecutor(2))
server.add_generic_rpc_handlers((Handler(),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    call = channel.unary_unary("/service/method")
    print(call(b"abc", timeout=120))
    try:
        call(b"fail", timeout=120)
    except grpc.RpcError as error:
        print(error.code(), error.details())
server.stop(0).wait()
