# Pins: when the outer of two nested timeouts expires, the inner one only passes it on: the error is
# not raised between them, and the inner one has not expired.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def worker():
    try:
        async with asyncio.timeout(0.010) as outer:
            try:
                async with asyncio.timeout(0.050) as inner:
                    try:
                        event("the worker begins")
                        await asyncio.sleep(0.900)
                    except asyncio.CancelledError:
                        event(f"interrupted, inner: {inner.expired()}, outer: {outer.expired()}")
                        await asyncio.sleep(0.010)
                        event("cleaned up")
                        raise
            except TimeoutError:
                event("the inner limit is never reported")
            event("the worker is never here")
    except TimeoutError:
        event(f"the time is up, inner: {inner.expired()}, outer: {outer.expired()}")
    await asyncio.sleep(0.050)
    event("the deadline of inner is long past")
    return "worked"


async def main():
    task = loop.create_task(worker())
    await asyncio.sleep(0.015)
    event(f"main sees the worker {outcome(task)}")
    await asyncio.sleep(0.010)
    event(f"main sees the worker {outcome(task)}")
    event(f"main gets {await task}")


loop.run_until_complete(main())
loop.close()
