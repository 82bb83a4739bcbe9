# Pins: `wait` with FIRST_COMPLETED gives the member that is done and leaves the others running; it
# can be called on the pending ones again and again until none is left.

import asyncio

from _virtual_loop import VirtualLoop, names

loop = VirtualLoop()
event = loop.event


async def child(name, delay):
    event(f"{name} starts")
    await asyncio.sleep(delay)
    event(f"{name} ends")
    return name.upper()


async def main():
    delays = (("a", 0.030), ("b", 0.010), ("c", 0.040), ("d", 0.020))
    pending = {loop.create_task(child(name, delay), name=name) for name, delay in delays}
    while pending:
        event(f"main waits for {names(pending)}")
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            event(f"done {task.get_name()} with {task.result()}, pending {names(pending)}")
    event("main ends")


loop.run_until_complete(main())
loop.close()
