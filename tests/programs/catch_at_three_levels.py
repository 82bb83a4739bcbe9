# Pins: of three nested handlers the inner one is asked first; what it passes on reaches the middle
# one, and what the middle one swallows the outer one never learns of.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def inner():
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event("inner cleans up")
        await asyncio.sleep(0.010)
        event("inner passes it on")
        raise


async def middle():
    try:
        await inner()
        event("middle is never here")
    except asyncio.CancelledError:
        event("middle cleans up")
        await asyncio.sleep(0.010)
        event("middle swallows it")
    return "what was there"


async def outer():
    try:
        value = await middle()
        event(f"outer gets {value}")
        await asyncio.sleep(0.010)
        event("outer goes on")
    except asyncio.CancelledError:
        event("outer is never here")
        raise
    return value


async def main():
    task = loop.create_task(outer())
    await asyncio.sleep(0.005)
    event(f"cancel is granted: {task.cancel()}")
    await asyncio.sleep(0.012)
    event(f"the task is {outcome(task)}")
    event(f"the task is {await end_of(task)}")


loop.run_until_complete(main())
loop.close()
