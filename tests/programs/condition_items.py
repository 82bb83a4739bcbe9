# Pins: consumers wait for items with a condition, and each notification wakes one of them.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


items = []


async def consumer(changed, name, delay):
    await asyncio.sleep(delay)
    async with changed:
        await changed.wait_for(lambda: items)
        event(f"{name} takes {items.pop(0)}")
        await asyncio.sleep(0.002)
    event(f"{name} unlocks")


async def main():
    changed = asyncio.Condition()
    tasks = [loop.create_task(consumer(changed, n, delay)) for n, delay in
             [("a", 0.001), ("b", 0.002), ("c", 0.003)]]
    await asyncio.sleep(0.010)
    async with changed:
        event(f"locked: {changed.locked()}")
        items.append("one")
        changed.notify()
        await asyncio.sleep(0.005)
        event("the producer unlocks")
    await asyncio.sleep(0.010)
    async with changed:
        items.extend(["two", "three"])
        changed.notify_all()
    await asyncio.gather(*tasks)


loop.run_until_complete(main())
loop.close()
