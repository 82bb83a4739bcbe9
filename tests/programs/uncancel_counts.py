# Pins: requests are counted, by the one asked and by those who ask; swallowing one leaves the
# count, `uncancel` lowers it by one and never below zero.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def counted():
    me = asyncio.current_task()
    event(f"it begins with {me.cancelling()}")
    for _ in range(3):
        try:
            await asyncio.sleep(0.900)
        except asyncio.CancelledError:
            event(f"it swallows one, requests: {me.cancelling()}")
    event(f"it takes one back: {me.uncancel()}")
    await asyncio.sleep(0.010)
    event(f"it takes one back: {me.uncancel()}")
    event(f"it takes one back: {me.uncancel()}")
    event(f"it takes one back: {me.uncancel()}")
    await asyncio.sleep(0.010)
    return "it was never stopped"


async def main():
    task = loop.create_task(counted())
    for _ in range(3):
        await asyncio.sleep(0.005)
        task.cancel()
        event(f"main asks, requests: {task.cancelling()}")
    await asyncio.sleep(0.005)
    event(f"main sees requests: {task.cancelling()}")
    event(f"main gets {await task}, requests: {task.cancelling()}")


loop.run_until_complete(main())
loop.close()
