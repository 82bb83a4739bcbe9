# Pins: a failure in the outer group cancels the inner one with its body and its children, which
# clean up first; the inner group has no error of its own, and only the outer one reports.

import asyncio

from _virtual_loop import VirtualLoop, errors

loop = VirtualLoop()
event = loop.event


async def bad():
    await asyncio.sleep(0.010)
    event("bad fails")
    raise ValueError("bad failed")


async def child(cleanup):
    try:
        event("the inner child starts")
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        await asyncio.sleep(cleanup)
        event("the inner child has cleaned up")
        raise


async def main():
    try:
        async with asyncio.TaskGroup() as outer:
            outer.create_task(bad())
            try:
                async with asyncio.TaskGroup() as inner:
                    inner.create_task(child(0.010))
                    try:
                        event("the inner body sleeps")
                        await asyncio.sleep(0.900)
                    except asyncio.CancelledError:
                        event("the inner body is cancelled")
                        await asyncio.sleep(0.005)
                        raise
            except ExceptionGroup:
                event("the inner group is never heard of")
            except asyncio.CancelledError:
                event("between the groups it is a cancel")
                raise
            event("main is never here")
    except ExceptionGroup as failed:
        event(f"main gets {errors(failed)}")
    await asyncio.sleep(0.010)
    event(f"main ends, requests: {asyncio.current_task().cancelling()}")


loop.run_until_complete(main())
loop.close()
