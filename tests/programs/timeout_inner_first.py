# Pins: of two nested timeouts the inner one may expire alone: its error is caught between them, and
# the outer one still has its own deadline and meets it.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def worker():
    try:
        async with asyncio.timeout(0.050) as outer:
            try:
                async with asyncio.timeout(0.010) as inner:
                    event("the worker tries the quick way")
                    await asyncio.sleep(0.900)
            except TimeoutError:
                event(f"inner expired: {inner.expired()}, outer expired: {outer.expired()}")
            await asyncio.sleep(0.010)
            event("the worker tries the slow way")
            await asyncio.sleep(0.900)
            event("the worker is never here")
    except TimeoutError:
        event(f"inner expired: {inner.expired()}, outer expired: {outer.expired()}")
    await asyncio.sleep(0.010)
    event(f"the worker gives up, requests: {asyncio.current_task().cancelling()}")
    return "nothing"


async def main():
    task = loop.create_task(worker())
    for _ in range(3):
        await asyncio.sleep(0.015)
        event(f"main sees the worker {outcome(task)}")
    event(f"main gets {await task}")


loop.run_until_complete(main())
loop.close()
