# Pins: when the children of an inner group fail while the outer group is aborted, the inner group
# gives their errors, and they are the outer group's body error, behind that of its child.

import asyncio

from _virtual_loop import VirtualLoop, errors

loop = VirtualLoop()
event = loop.event


async def bad():
    await asyncio.sleep(0.010)
    event("bad fails")
    raise ValueError("bad failed")


async def child(name, cleanup):
    try:
        event(f"{name} starts")
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        await asyncio.sleep(cleanup)
        event(f"{name} cannot clean up")
        raise ValueError(f"{name} is stuck")


async def main():
    try:
        async with asyncio.TaskGroup() as outer:
            outer.create_task(bad())
            try:
                async with asyncio.TaskGroup() as inner:
                    inner.create_task(child("a", 0.005))
                    inner.create_task(child("b", 0.010))
            except ExceptionGroup as failed:
                event(f"between the groups: {errors(failed)}")
                raise
            event("main is never here")
    except ExceptionGroup as failed:
        event(f"main gets {errors(failed)}")
    await asyncio.sleep(0.010)
    event("main ends")


loop.run_until_complete(main())
loop.close()
