# Pins: a timeout around a gather cancels the children that are not done, and reports when they have
# cleaned up.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, work, cleanup):
    try:
        event(f"{name} starts")
        await asyncio.sleep(work)
    except asyncio.CancelledError:
        event(f"{name} is cancelled")
        await asyncio.sleep(cleanup)
        event(f"{name} has cleaned up")
        raise
    event(f"{name} ends")
    return name.upper()


async def main():
    children = (("a", 0.010, 0.0), ("b", 0.900, 0.010), ("c", 0.015, 0.0))
    tasks = [loop.create_task(child(*each)) for each in children]
    try:
        async with asyncio.timeout(0.020) as limit:
            await asyncio.gather(*tasks)
            event("main is never here")
    except TimeoutError:
        event(f"main is out of time, expired: {limit.expired()}")
    event("the children are " + ", ".join(outcome(task) for task in tasks))
    await asyncio.sleep(0.010)
    event("main ends")


loop.run_until_complete(main())
loop.close()
