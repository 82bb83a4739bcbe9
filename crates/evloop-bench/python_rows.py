#!/usr/bin/env python3
"""asyncio and uvloop for context: spawn and join, yield, echo.

Prints nanoseconds an operation, medians of some rounds with the minimum. Run it by itself:

    python3 crates/evloop-bench/python_rows.py [reps]

The workloads are those of the rows `spawn_join_1000`, `yield_1000` and `echo_1`, `echo_64`.
"""

import asyncio
import socket
import statistics
import sys
import threading
import time

BATCH = 1_000
N_YIELDS = 20
MESSAGE = b"x" * 64


async def nothing(n):
    return n


async def spawn_join():
    n_batches = 20
    started = time.perf_counter_ns()
    for _ in range(n_batches):
        tasks = [asyncio.create_task(nothing(n)) for n in range(BATCH)]
        for task in tasks:
            await task
    return (time.perf_counter_ns() - started) / (n_batches * BATCH)


async def yielding():
    async def task():
        for _ in range(N_YIELDS):
            await asyncio.sleep(0)

    started = time.perf_counter_ns()
    for task in [asyncio.create_task(task()) for _ in range(BATCH)]:
        await task
    return (time.perf_counter_ns() - started) / (BATCH * N_YIELDS)


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


def call(port, n_connections, n_rounds):
    streams = [socket.create_connection(("127.0.0.1", port)) for _ in range(n_connections)]
    for stream in streams:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    started = time.perf_counter_ns()
    for _ in range(n_rounds):
        for stream in streams:
            stream.sendall(MESSAGE)
        for stream in streams:
            stream.recv(len(MESSAGE))
    elapsed = time.perf_counter_ns() - started
    for stream in streams:
        stream.close()
    return elapsed / (n_connections * n_rounds)


async def echo(n_connections):
    """The client is Python as well, on a thread that shares the interpreter's lock."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    outcome = asyncio.Future()

    def client():
        value = call(port, n_connections, 4_000 // n_connections)
        loop.call_soon_threadsafe(outcome.set_result, value)

    threading.Thread(target=client).start()
    value = await outcome
    server.close()
    return value


ROWS = {
    "spawn_join_1000": spawn_join,
    "yield_1000": yielding,
    "echo_1": lambda: echo(1),
    "echo_64": lambda: echo(64),
}


def loops():
    yield "asyncio", asyncio.new_event_loop
    try:
        import uvloop
    except ImportError:
        return
    yield f"uvloop {uvloop.__version__}", uvloop.new_event_loop


def measure(make_loop, row):
    loop = make_loop()
    try:
        return loop.run_until_complete(row())
    finally:
        loop.close()


def main():
    reps = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    contenders = list(loops())
    names = ", ".join(name for name, _ in contenders)
    print(f"Python {sys.version.split()[0]}; {names}; ns, median / minimum of {reps}")
    for name, row in ROWS.items():
        values = [[] for _ in contenders]
        for _ in range(reps):
            for place, (_, make_loop) in zip(values, contenders):
                place.append(measure(make_loop, row))
        cells = (f"{statistics.median(each):.0f} / {min(each):.0f}" for each in values)
        print(f"{name:18}", "   ".join(cells))


if __name__ == "__main__":
    main()
