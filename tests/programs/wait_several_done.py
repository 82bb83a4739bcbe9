# Pins: `wait` with FIRST_COMPLETED gives all members that are done when it resumes: two that ended
# in one turn, and those that were done before the wait began.

import asyncio

from _virtual_loop import VirtualLoop, names

loop = VirtualLoop()
event = loop.event


async def child(name, delay):
    event(f"{name} starts")
    await asyncio.sleep(delay)
    event(f"{name} ends")


async def first_of(pending):
    event(f"main waits for {names(pending)}")
    done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    event(f"done {names(done)}, pending {names(pending)}")
    return pending


async def main():
    delays = (("a", 0.010), ("b", 0.020), ("c", 0.010), ("d", 0.030), ("e", 0.040), ("f", 0.055))
    pending = {loop.create_task(child(name, delay), name=name) for name, delay in delays}
    pending = await first_of(pending)
    await asyncio.sleep(0.025)
    event("main was away")
    pending = await first_of(pending)
    pending = await first_of(pending)
    await first_of(pending)


loop.run_until_complete(main())
loop.close()
