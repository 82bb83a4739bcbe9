# Pins: a `wait` that runs out of time gives what is done, fails nothing and cancels nothing; the
# pending ones can be waited for again; a limit that is not needed costs no time.

import asyncio

from _virtual_loop import VirtualLoop, names

loop = VirtualLoop()
event = loop.event


async def child(name, delay):
    event(f"{name} starts")
    await asyncio.sleep(delay)
    event(f"{name} ends")
    return name.upper()


async def limited(pending, limit):
    event(f"main waits for {names(pending)}")
    done, pending = await asyncio.wait(pending, timeout=limit)
    event(f"done {names(done)}, pending {names(pending)}")
    return pending


async def main():
    delays = (("a", 0.010), ("b", 0.020), ("c", 0.030), ("d", 0.040))
    pending = {loop.create_task(child(name, delay), name=name) for name, delay in delays}
    pending = await limited(pending, 0.005)
    pending = await limited(pending, 0.006)
    pending = await limited(pending, 0)
    pending = await limited(pending, 0.024)
    await limited(pending, 10)
    event("main ends")


loop.run_until_complete(main())
loop.close()
