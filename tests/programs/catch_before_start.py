# Pins: nothing in a task can catch a cancel that comes before its first step: the body never runs,
# and the message of the last request reaches the one that awaits it, who may catch it.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def guarded(name):
    try:
        event(f"{name} starts")
        await asyncio.sleep(0.010)
        event(f"{name} ends")
    except asyncio.CancelledError:
        event(f"{name} catches")
    return name


async def parent():
    await asyncio.sleep(0.002)
    child = loop.create_task(guarded("never"))
    child.cancel("early")
    event(f"the child is {outcome(child)}")
    try:
        await child
    except asyncio.CancelledError as cancelled:
        event(f"the parent sees its child cancelled: {cancelled}")
    await asyncio.sleep(0.005)
    return "the parent lives"


async def main():
    task = loop.create_task(parent())
    other = loop.create_task(guarded("other"))
    unborn = loop.create_task(guarded("unborn"))
    unborn.cancel("first")
    unborn.cancel("last")
    try:
        await unborn
    except asyncio.CancelledError as cancelled:
        event(f"main sees unborn cancelled: {cancelled}")
    event(f"unborn is {outcome(unborn)}, requests: {unborn.cancelling()}")
    event(f"main gets {await task}")
    event(f"main gets {await other}")


loop.run_until_complete(main())
loop.close()
