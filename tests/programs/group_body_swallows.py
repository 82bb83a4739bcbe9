# Pins: a body may swallow the cancel that comes with a child's failure: it goes on undisturbed, the
# group waits for it, may not be joined any more, and gives the child's error.

import asyncio

from _virtual_loop import VirtualLoop, errors

loop = VirtualLoop()
event = loop.event


async def bad():
    await asyncio.sleep(0.010)
    event("bad fails")
    raise ValueError("bad failed")


async def late():
    event("late is never here")


async def main():
    coroutine = late()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(bad())
            try:
                event("the body sleeps")
                await asyncio.sleep(0.900)
            except asyncio.CancelledError:
                event("the body is woken and stays")
            await asyncio.sleep(0.010)
            event("the body works on")
            try:
                group.create_task(coroutine)
            except RuntimeError:
                event("the body may not start late")
            await asyncio.sleep(0.010)
            event("the body ends")
        event("main is never here")
    except ExceptionGroup as failed:
        event(f"main gets {errors(failed)}")
    coroutine.close()
    await asyncio.sleep(0.010)
    event(f"main ends, requests: {asyncio.current_task().cancelling()}")


loop.run_until_complete(main())
loop.close()
