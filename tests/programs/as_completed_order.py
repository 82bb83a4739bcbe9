# Pins: `as_completed` gives tasks in the order in which they end, whatever the order of the list;
# what ended while the consumer was away comes in that order as well; errors and cancellations are
# items like any other.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def child(name, delay):
    event(f"{name} starts")
    await asyncio.sleep(delay)
    event(f"{name} ends")
    if name in "cf":
        raise ValueError(f"{name} failed")
    return name.upper()


async def main():
    delays = (("a", 0.030), ("b", 0.010), ("c", 0.025), ("d", 0.010), ("e", 0.900), ("f", 0.060))
    tasks = [loop.create_task(child(name, delay), name=name) for name, delay in delays]
    loop.call_later(0.027, tasks[4].cancel)
    event("main begins")
    for coroutine in asyncio.as_completed(tasks):
        try:
            item = f"value {await coroutine}"
        except ValueError as error:
            item = f"error {error}"
        except asyncio.CancelledError:
            item = "cancelled"
        event(f"main has {item}")
        if item == "value D":
            await asyncio.sleep(0.025)
            event("main was away")
    event("main ends")


loop.run_until_complete(main())
loop.close()
