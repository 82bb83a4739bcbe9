# Pins: a handler may cancel another task and await its clean-up before it passes its own cancel on;
# the two requests have nothing to do with each other.

import asyncio

from _virtual_loop import VirtualLoop, end_of

loop = VirtualLoop()
event = loop.event


async def helper():
    try:
        for n in range(100):
            event(f"the helper does part {n}")
            await asyncio.sleep(0.010)
    except asyncio.CancelledError as cancelled:
        event(f"the helper is asked: {cancelled}")
        await asyncio.sleep(0.007)
        event("the helper has tidied up")
        raise
    return "helped"


async def owner():
    task = loop.create_task(helper())
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError as cancelled:
        event(f"the owner is asked: {cancelled}")
        task.cancel("the owner leaves")
        event(f"the helper is {await end_of(task)}")
        await asyncio.sleep(0.002)
        event("the owner leaves")
        raise
    return "owned"


async def main():
    task = loop.create_task(owner())
    await asyncio.sleep(0.025)
    event(f"cancel is granted: {task.cancel('closing time')}")
    event(f"the owner is {await end_of(task)}")


loop.run_until_complete(main())
loop.close()
