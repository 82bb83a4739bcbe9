# Pins: a group gathers the errors of all its children in the order in which they fail, those that
# fail while they are cancelled among them; who is only cancelled adds nothing.

import asyncio

from _virtual_loop import VirtualLoop, errors

loop = VirtualLoop()
event = loop.event


async def child(name, cleanup, fails):
    try:
        event(f"{name} starts")
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        await asyncio.sleep(cleanup)
        event(f"{name} {'fails' if fails else 'is clean'}")
        if fails:
            raise ValueError(f"{name} failed")
        raise


async def first():
    await asyncio.sleep(0.010)
    event("first fails")
    raise ValueError("first failed")


async def main():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(child("a", 0.012, True))
            group.create_task(child("b", 0.003, False))
            group.create_task(child("c", 0.006, True))
            group.create_task(child("d", 0.009, False))
            group.create_task(first())
            await asyncio.sleep(0.005)
            event("the body ends")
        event("main is never here")
    except ExceptionGroup as failed:
        event(f"main gets {errors(failed)}")
    await asyncio.sleep(0.010)
    event("main ends")


loop.run_until_complete(main())
loop.close()
