# Pins: when the innermost task fails while it cleans up, its awaiters get that error instead of a
# cancel; the requests made to them are spent.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def inner():
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event("inner cleans up")
        await asyncio.sleep(0.010)
        event("inner fails")
        raise ValueError("the lock is gone")
    return "inner"


async def middle(task):
    value = await task
    event("middle is never here")
    return value


async def outer(task):
    try:
        value = await task
    except ValueError as error:
        event(f"outer gets error {error}")
        await asyncio.sleep(0.010)
        event("outer is not disturbed")
        value = "repaired"
    return value


async def main():
    a = loop.create_task(inner())
    b = loop.create_task(middle(a))
    c = loop.create_task(outer(b))
    await asyncio.sleep(0.005)
    event(f"cancel of outer is granted: {c.cancel()}")
    await asyncio.sleep(0.015)
    event(f"inner is {outcome(a)}")
    event(f"middle is {outcome(b)}")
    event(f"outer is {await end_of(c)}")


loop.run_until_complete(main())
loop.close()
