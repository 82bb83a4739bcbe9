# Pins: a task that swallows its cancel may await other things, and the old request does not disturb
# them: only a new one does.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def patient(future):
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event("the patient one refuses to go")
    event("the patient one waits for a future instead")
    value = await future
    event(f"the patient one has {value}")
    await asyncio.sleep(0.010)
    event("the patient one has slept too")
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event("the patient one gives in")
        raise
    return value


async def main():
    future = loop.create_future()
    task = loop.create_task(patient(future))
    await asyncio.sleep(0.005)
    event(f"cancel is granted: {task.cancel()}")
    await asyncio.sleep(0.005)
    event(f"the future is {outcome(future)}, the patient one is {outcome(task)}")
    future.set_result("patience")
    await asyncio.sleep(0.020)
    event(f"cancel is granted: {task.cancel()}")
    event(f"the patient one is {await end_of(task)}, the future is {outcome(future)}")


loop.run_until_complete(main())
loop.close()
