# Pins: when a child of a group fails, its siblings and the body are cancelled and may clean up,
# what stands behind them never runs, and the group gives the error when all have ended.

import asyncio

from _virtual_loop import VirtualLoop, errors, outcome

loop = VirtualLoop()
event = loop.event


async def bad():
    await asyncio.sleep(0.010)
    event("bad fails")
    raise ValueError("bad failed")


async def sibling(name, cleanup):
    try:
        event(f"{name} starts")
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        await asyncio.sleep(cleanup)
        event(f"{name} has cleaned up")
        raise
    return name


async def main():
    try:
        async with asyncio.TaskGroup() as group:
            a = group.create_task(sibling("a", 0.010))
            group.create_task(bad())
            b = group.create_task(sibling("b", 0.005))
            try:
                await asyncio.sleep(0.900)
                event("the body is never here")
            except asyncio.CancelledError:
                await asyncio.sleep(0.002)
                event("the body has cleaned up")
                raise
        event("main is never here")
    except ExceptionGroup as failed:
        event(f"main gets {errors(failed)}: {outcome(a)}, {outcome(b)}")
    await asyncio.sleep(0.010)
    event(f"main goes on, requests: {asyncio.current_task().cancelling()}")


loop.run_until_complete(main())
loop.close()
