# Pins: cancelling a sleeping task cleans up in a later turn than the request, inside out, long
# before its timer; the rest of its body never runs; other sleepers keep their times.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def inner(name, delay):
    try:
        await asyncio.sleep(delay)
        event(f"{name} slept enough")
    finally:
        event(f"{name} cleans up inside")


async def sleeper(name, delay):
    try:
        event(f"{name} lies down")
        await inner(name, delay)
        event(f"{name} gets up")
    finally:
        event(f"{name} cleans up outside")
    return name.upper()


def cancel(task):
    event(f"cancel is granted: {task.cancel()}")
    loop.call_soon(event, "a callback queued behind the cancel")
    event(f"b is {outcome(task)}")


async def main():
    a = loop.create_task(sleeper("a", 0.030))
    b = loop.create_task(sleeper("b", 0.900))
    c = loop.create_task(sleeper("c", 0.020))
    loop.call_later(0.010, cancel, b)
    await asyncio.sleep(0.015)
    event(f"b is {outcome(b)}, cancel is granted: {b.cancel()}")
    event(f"results {await a} {await c}")
    event(f"a is {outcome(a)}, cancel is granted: {a.cancel()}")


loop.run_until_complete(main())
event("the loop ends long before b would have got up")
loop.close()
