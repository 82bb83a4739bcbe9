# Pins: `wait_for` around a shielded task gives up waiting at its limit and nothing more: the task
# goes on, can be waited for again, and ends with its value.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def child():
    try:
        for n in range(4):
            event(f"the child does part {n}")
            await asyncio.sleep(0.010)
    except asyncio.CancelledError:
        event("the child is never here")
        raise
    return "all parts"


async def main():
    task = loop.create_task(child())
    await asyncio.sleep(0.001)
    for attempt in (1, 2, 3):
        try:
            value = await asyncio.wait_for(asyncio.shield(task), 0.015)
            event(f"attempt {attempt} gets {value}")
        except TimeoutError:
            event(f"attempt {attempt} is out of time, the child is {outcome(task)}")
    event(f"the child is {outcome(task)}, requests: {task.cancelling()}")


loop.run_until_complete(main())
loop.close()
