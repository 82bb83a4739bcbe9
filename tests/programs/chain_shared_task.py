# Pins: when two tasks await one task, cancelling one of them cancels the shared one, and both wait
# for its clean-up; the one that was not asked sees its end as cancelled as well.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def shared():
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event("the shared one cleans up")
        await asyncio.sleep(0.010)
        event("the shared one is clean")
        raise
    return "shared"


async def user(name, delay, task):
    await asyncio.sleep(delay)
    event(f"{name} waits")
    try:
        value = await task
    except asyncio.CancelledError:
        await asyncio.sleep(delay)
        event(f"{name} sees a cancel, requests: {asyncio.current_task().cancelling()}")
        value = f"{name} has nothing"
    return value


async def main():
    task = loop.create_task(shared())
    a = loop.create_task(user("a", 0.001, task))
    b = loop.create_task(user("b", 0.002, task))
    await asyncio.sleep(0.010)
    event(f"cancel of a is granted: {a.cancel()}")
    await asyncio.sleep(0.005)
    event(f"a is {outcome(a)}, b is {outcome(b)}")
    await asyncio.sleep(0.020)
    event(f"a is {outcome(a)}, b is {outcome(b)}, the shared one is {outcome(task)}")


loop.run_until_complete(main())
loop.close()
