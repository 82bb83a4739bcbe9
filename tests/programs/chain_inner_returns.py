# Pins: when the innermost task refuses and returns, its value travels up the chain: nobody is
# cancelled, though each was asked once.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def inner():
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event("inner refuses")
    await asyncio.sleep(0.010)
    event("inner returns")
    return "pearl"


async def holder(name, task):
    value = await task
    event(f"{name} has {value}, requests: {asyncio.current_task().cancelling()}")
    await asyncio.sleep(0.005)
    event(f"{name} goes on")
    return f"{name} with {value}"


async def main():
    a = loop.create_task(inner())
    b = loop.create_task(holder("oyster", a))
    c = loop.create_task(holder("diver", b))
    await asyncio.sleep(0.005)
    event(f"cancel of the diver is granted: {c.cancel()}")
    await asyncio.sleep(0.005)
    event(f"they are {outcome(a)}, {outcome(b)}, {outcome(c)}")
    event(f"main gets {await c}")
    event(f"requests: {a.cancelling()} {b.cancelling()} {c.cancelling()}")


loop.run_until_complete(main())
loop.close()
