# Pins: a queue made of futures serves its waiting consumers first come, first served: each item
# wakes exactly the one who has waited longest, and a burst wakes them in that order.

import asyncio
from collections import deque

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event
items, getters = deque(), deque()


def put(item):
    event(f"put {item}")
    if getters:
        getters.popleft().set_result(item)
    else:
        items.append(item)


async def get():
    if items:
        return items.popleft()
    getter = loop.create_future()
    getters.append(getter)
    return await getter


async def consumer(name, work):
    while True:
        item = await get()
        event(f"{name} has {item}")
        if item == "end":
            return
        await asyncio.sleep(work)


async def producer():
    for n in range(3):
        await asyncio.sleep(0.010)
        put(n)
    await asyncio.sleep(0.030)
    for n in range(3, 8):
        put(n)
    event("the producer has put a burst")
    await asyncio.sleep(0.050)
    for _ in range(3):
        put("end")


async def main():
    a = loop.create_task(consumer("a", 0.013))
    b = loop.create_task(consumer("b", 0.014))
    c = loop.create_task(consumer("c", 0.016))
    await producer()
    for task in (a, b, c):
        await task
    event(f"main ends, items left: {len(items)}")


loop.run_until_complete(main())
loop.close()
