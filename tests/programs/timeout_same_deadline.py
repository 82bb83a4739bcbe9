# Pins: two nested timeouts with one deadline both expire, the body is interrupted once, and only
# the outer one reports it.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def worker():
    try:
        async with asyncio.timeout(0.020) as outer:
            try:
                async with asyncio.timeout(0.020) as inner:
                    try:
                        event("the worker begins")
                        await asyncio.sleep(0.900)
                    except asyncio.CancelledError:
                        event("the body is interrupted")
                        await asyncio.sleep(0.010)
                        event("the body has cleaned up")
                        raise
            except TimeoutError:
                event("the inner limit is never reported")
            event("the worker is never here")
    except TimeoutError:
        event(f"the time is up, inner: {inner.expired()}, outer: {outer.expired()}")
    await asyncio.sleep(0.010)
    event(f"the worker goes on, requests: {asyncio.current_task().cancelling()}")
    return "worked"


async def main():
    task = loop.create_task(worker())
    await asyncio.sleep(0.025)
    event(f"main sees the worker {outcome(task)}")
    event(f"the worker is {await end_of(task)}")
    event(f"cancelled: {task.cancelled()}")


loop.run_until_complete(main())
loop.close()
