# Pins: a timeout around a group cancels its body and its children when it expires, waits for their
# clean-ups and then reports; the group itself has no error.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def child(name, cleanup):
    try:
        event(f"{name} starts")
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        await asyncio.sleep(cleanup)
        event(f"{name} has cleaned up")
        raise


async def main():
    try:
        async with asyncio.timeout(0.020) as limit:
            async with asyncio.TaskGroup() as group:
                group.create_task(child("a", 0.020))
                group.create_task(child("b", 0.010))
                try:
                    await asyncio.sleep(0.900)
                except asyncio.CancelledError:
                    event(f"the body is cancelled, expired: {limit.expired()}")
                    raise
            event("main is never here")
    except TimeoutError:
        event(f"main is out of time, expired: {limit.expired()}")
    await asyncio.sleep(0.010)
    async with asyncio.timeout(0.050) as limit:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(asyncio.sleep(0.020, "in time"))
    event(f"main gets {await task}, expired: {limit.expired()}")
    await asyncio.sleep(0.050)
    event(f"main ends, requests: {asyncio.current_task().cancelling()}")


loop.run_until_complete(main())
loop.close()
