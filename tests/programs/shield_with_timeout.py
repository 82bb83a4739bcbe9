# Pins: a timeout around a shield interrupts the wait only: the work goes on behind it, and a second
# wait without a limit gets its value.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def work():
    try:
        for n in range(4):
            event(f"part {n}")
            await asyncio.sleep(0.010)
    except asyncio.CancelledError:
        event("the work is never cancelled")
        raise
    return "the whole"


async def client():
    task = loop.create_task(work())
    try:
        async with asyncio.timeout(0.015) as limit:
            await asyncio.shield(task)
            event("the client is never here")
    except TimeoutError:
        event(f"the client is out of time, the work is {outcome(task)}")
    await asyncio.sleep(0.010)
    event(f"the client comes back, expired: {limit.expired()}")
    value = await asyncio.shield(task)
    event(f"the client has {value}")
    return value


async def main():
    task = loop.create_task(client())
    event(f"main gets {await task}")


loop.run_until_complete(main())
loop.close()
