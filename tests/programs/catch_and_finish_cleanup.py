# Pins: a request during the clean-up may be swallowed there: the clean-up then goes on to its end,
# and the first request, passed on, still cancels the task.

import asyncio

from _virtual_loop import VirtualLoop, end_of

loop = VirtualLoop()
event = loop.event


async def careful():
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError as first:
        event(f"clean-up begins: {first}")
        for step in ("one", "two", "three"):
            try:
                await asyncio.sleep(0.010)
                event(f"step {step} is done")
            except asyncio.CancelledError as other:
                event(f"step {step} is asked to hurry: {other}")
                await asyncio.sleep(0.001)
                event(f"step {step} is done in haste")
        event("clean-up ends")
        raise
    return "never"


async def main():
    task = loop.create_task(careful())
    await asyncio.sleep(0.005)
    event(f"cancel is granted: {task.cancel('first')}")
    await asyncio.sleep(0.015)
    event(f"cancel is granted: {task.cancel('second')}")
    event(f"the careful one is {await end_of(task)}")


loop.run_until_complete(main())
loop.close()
