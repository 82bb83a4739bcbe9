# Pins: `wait_for` that runs out of time cancels what it waits for and waits for the end of its
# clean-up, however late, before it gives its error.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def child(name):
    try:
        event(f"{name} starts")
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event(f"{name} is cancelled")
        await asyncio.sleep(0.030)
        event(f"{name} has cleaned up")
        raise
    return name


async def main():
    task = loop.create_task(child("task"))
    await asyncio.sleep(0.001)
    loop.call_later(0.030, lambda: event(f"meanwhile the task is {outcome(task)}"))
    try:
        await asyncio.wait_for(task, 0.020)
    except TimeoutError:
        event(f"main is out of time, the task is {outcome(task)}")
    await asyncio.sleep(0.010)
    try:
        await asyncio.wait_for(child("coroutine"), 0.010)
    except TimeoutError:
        event("main is out of time again")
    future = loop.create_future()
    try:
        await asyncio.wait_for(future, 0.005)
    except TimeoutError:
        event(f"main is out of time once more, the future is {outcome(future)}")


loop.run_until_complete(main())
loop.close()
