# Pins: cancelling a task that awaits a task cancels the innermost one of the chain; it sees the
# cancel first, with its message, and the others as the ends of what they await come to them.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def innermost():
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError as cancelled:
        event(f"c is cancelled: {cancelled}")
        raise
    return "c"


async def link(name, task):
    try:
        event(f"{name} awaits")
        await task
    except asyncio.CancelledError as cancelled:
        event(f"{name} is cancelled: {cancelled}")
        raise
    return name


async def main():
    c = loop.create_task(innermost())
    b = loop.create_task(link("b", c))
    a = loop.create_task(link("a", b))
    await asyncio.sleep(0.010)
    event(f"cancel of a is granted: {a.cancel('to the core')}")
    event(f"they are {outcome(a)}, {outcome(b)}, {outcome(c)}")
    await asyncio.sleep(0.010)
    event(f"they are {outcome(a)}, {outcome(b)}, {outcome(c)}")
    event(f"cancels are granted: {a.cancel()} {b.cancel()} {c.cancel()}")


loop.run_until_complete(main())
loop.close()
