# Pins: a consumer that is cancelled while it waits is not notified; the next one is.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


items = []


async def consumer(changed, name):
    try:
        async with changed:
            await changed.wait_for(lambda: items)
            event(f"{name} takes {items.pop(0)}")
    except asyncio.CancelledError:
        event(f"{name} is cancelled")
        raise


async def main():
    changed = asyncio.Condition()
    tasks = []
    for name in "abc":
        tasks.append(loop.create_task(consumer(changed, name)))
        await asyncio.sleep(0.001)
    tasks[0].cancel()
    await asyncio.sleep(0.001)
    async with changed:
        items.append("one")
        changed.notify()
    await asyncio.sleep(0.010)
    async with changed:
        items.append("two")
        changed.notify()
    await asyncio.wait(tasks)
    event(f"left: {items}")


loop.run_until_complete(main())
loop.close()
