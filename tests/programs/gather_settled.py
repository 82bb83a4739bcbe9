# Pins: a settled gather waits for every child and lists values, errors and cancellations in input
# order; neither a failed nor a cancelled child disturbs the others or the gather.

import asyncio

from _virtual_loop import VirtualLoop, settled

loop = VirtualLoop()
event = loop.event


async def child(name, delay, fails):
    event(f"{name} starts")
    await asyncio.sleep(delay)
    event(f"{name} ends")
    if fails:
        raise ValueError(f"{name} failed")
    return name.upper()


def cancel(task):
    event(f"d is cancelled: {task.cancel()}")


async def main():
    a = loop.create_task(child("a", 0.040, False))
    b = loop.create_task(child("b", 0.010, True))
    c = loop.create_task(child("c", 0.030, True))
    d = loop.create_task(child("d", 0.900, False))
    e = loop.create_task(child("e", 0.020, False))
    loop.call_later(0.015, cancel, d)
    event("main gathers")
    results = await asyncio.gather(a, b, c, d, e, return_exceptions=True)
    for result in results:
        event(f"result: {settled(result)}")


loop.run_until_complete(main())
loop.close()
