# Pins: what `wait_for` cancels may fail while it cleans up: then that error is what `wait_for`
# gives, and not its own.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def child(name):
    try:
        event(f"{name} starts")
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event(f"{name} cleans up")
        await asyncio.sleep(0.010)
        event(f"{name} fails")
        raise ValueError(f"{name} is broken")
    return name


async def main():
    task = loop.create_task(child("task"))
    await asyncio.sleep(0.001)
    try:
        await asyncio.wait_for(task, 0.010)
    except TimeoutError:
        event("main is never here")
    except ValueError as error:
        event(f"main gets error {error}, the task is {outcome(task)}")
    await asyncio.sleep(0.010)
    try:
        await asyncio.wait_for(child("coroutine"), 0.010)
    except ValueError as error:
        event(f"main gets error {error}")
    await asyncio.sleep(0.010)
    event("main ends")


loop.run_until_complete(main())
loop.close()
