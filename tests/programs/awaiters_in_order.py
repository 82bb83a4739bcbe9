# Pins: any number of tasks may await one future; they resume in the order in which they began to
# wait, not in the order of creation, and in a later turn than the one that sets it; callbacks have
# their places among them. A future that is done does not suspend its awaiter.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event
future = loop.create_future()


async def awaiter(name, delay):
    await asyncio.sleep(delay)
    event(f"{name} waits")
    event(f"{name} gets {await future}")
    loop.call_soon(event, f"callback of {name}")
    event(f"{name} gets {await future} again, at once")


def watch():
    event("a callback is added")
    future.add_done_callback(lambda f: event(f"the callback sees {f.result()}"))


def set_it():
    event("setting it")
    future.set_result(42)
    event("it is set, nobody has run")


async def main():
    a = loop.create_task(awaiter("a", 0.004))
    b = loop.create_task(awaiter("b", 0.001))
    c = loop.create_task(awaiter("c", 0.002))
    late = loop.create_task(awaiter("late", 0.020))
    loop.call_later(0.003, watch)
    loop.call_later(0.010, set_it)
    for task in (a, b, c, late):
        await task
    event("main ends")


loop.run_until_complete(main())
loop.close()
