# Pins: a consumer that is cancelled while it waits for an item leaves the queue without losing one;
# one that is cancelled at work puts its item back for another.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event
items, getters = [], []


def put(item):
    event(f"put {item}")
    while getters:
        getter = getters.pop(0)
        if not getter.done():
            getter.set_result(item)
            return
    items.append(item)


async def get():
    if items:
        return items.pop(0)
    getter = loop.create_future()
    getters.append(getter)
    return await getter


async def consumer(name, n_items):
    for _ in range(n_items):
        try:
            item = await get()
        except asyncio.CancelledError:
            event(f"{name} waits no longer")
            raise
        try:
            event(f"{name} works on {item}")
            await asyncio.sleep(0.020)
            event(f"{name} is done with {item}")
        except asyncio.CancelledError:
            event(f"{name} gives {item} back")
            put(item)
            await asyncio.sleep(0.001)
            raise
    return name


async def main():
    a = loop.create_task(consumer("a", 9))
    await asyncio.sleep(0.001)
    b = loop.create_task(consumer("b", 2))
    await asyncio.sleep(0.004)
    event(f"cancel of a is granted: {a.cancel()}")
    await asyncio.sleep(0.005)
    put("apple")
    await asyncio.sleep(0.005)
    c = loop.create_task(consumer("c", 9))
    await asyncio.sleep(0.002)
    put("pear")
    await asyncio.sleep(0.005)
    event(f"cancel of c is granted: {c.cancel()}")
    event(f"b is {await end_of(b)}, a is {outcome(a)}, c is {outcome(c)}")


loop.run_until_complete(main())
loop.close()
