# Pins: callbacks and task steps share one queue, first in, first out, and what a turn queues
# waits behind everything that was ready before it.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


def outer():
    event("callback 1 runs")
    loop.call_soon(event, "callback 1a, queued by callback 1")


async def worker(name):
    for step in range(3):
        event(f"{name} takes step {step}")
        loop.call_soon(event, f"callback of {name} after step {step}")
        await asyncio.sleep(0)
    event(f"{name} ends")


async def main():
    loop.call_soon(outer)
    loop.create_task(worker("a"))
    loop.call_soon(event, "callback 2")
    loop.create_task(worker("b"))
    skipped = loop.call_soon(event, "a cancelled callback")
    loop.call_soon(event, "callback 3")
    skipped.cancel()
    event(f"main has queued all, one is cancelled: {skipped.cancelled()}")
    await asyncio.sleep(0)
    event("main resumes behind what it queued")
    await asyncio.sleep(0.010)
    event("main ends")


loop.run_until_complete(main())
loop.close()
