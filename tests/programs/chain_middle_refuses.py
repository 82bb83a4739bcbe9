# Pins: the middle of a chain of tasks may refuse: the inner one is cancelled, the middle one goes
# on and ends with a value, and the outer one gets it and is not cancelled.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def inner():
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event("inner goes")
        raise
    return "inner"


async def middle(task):
    try:
        value = await task
    except asyncio.CancelledError:
        event("middle stays")
        await asyncio.sleep(0.010)
        value = "a substitute"
    event(f"middle returns {value}")
    return value


async def outer(task):
    try:
        value = await task
        event(f"outer gets {value}")
        await asyncio.sleep(0.010)
        event("outer sleeps undisturbed")
    except asyncio.CancelledError:
        event("outer is never here")
        raise
    return value


async def main():
    a = loop.create_task(inner())
    b = loop.create_task(middle(a))
    c = loop.create_task(outer(b))
    await asyncio.sleep(0.005)
    event(f"cancel is granted: {c.cancel()}")
    await asyncio.sleep(0.005)
    event(f"inner is {outcome(a)}, middle is {outcome(b)}, outer is {outcome(c)}")
    event(f"outer is {await end_of(c)}")
    event(f"requests: {c.cancelling()}, middle is {outcome(b)}")


loop.run_until_complete(main())
loop.close()
