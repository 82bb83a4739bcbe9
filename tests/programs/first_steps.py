# Pins: a task's body never runs inside the call that makes it; first steps run in the order of
# creation, in one queue with callbacks, whether the task was made before the loop ran, by the loop
# or by a free function; `ensure_future` of a task is that task.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def child(name, delay):
    event(f"{name} starts")
    await asyncio.sleep(delay)
    event(f"{name} ends")
    return name.upper()


async def main():
    event("main starts")
    a = loop.create_task(child("a", 0.030))
    loop.call_soon(event, "callback between a and b")
    b = asyncio.ensure_future(child("b", 0.020))
    c = asyncio.create_task(child("c", 0.010))
    event("main has made three tasks, none has started")
    await asyncio.sleep(0)
    event("main resumes")
    same = asyncio.ensure_future(b)
    event(f"ensure_future gives the same task: {same is b}")
    event(f"results {await a} {await same} {await c}")
    return await early


early = loop.create_task(child("early", 0.040))
event("made before the loop runs")
event(f"main returns {loop.run_until_complete(main())}")
loop.close()
