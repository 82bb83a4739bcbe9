# Pins: the limit of `as_completed` is one for all items; when it is over, what was done by then
# still comes, then a TimeoutError, even if more are done meanwhile; nothing is cancelled, and the
# tasks can be iterated again. A limit that is not needed costs no time.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, delay):
    event(f"{name} starts")
    await asyncio.sleep(delay)
    event(f"{name} ends")
    return name.upper()


async def limited(tasks, limit, pause):
    event("main begins")
    try:
        for coroutine in asyncio.as_completed(tasks, timeout=limit):
            event(f"main has {await coroutine}")
            await asyncio.sleep(pause)
    except TimeoutError:
        event(f"main is late: {', '.join(outcome(task) for task in tasks)}")
        return
    event("main has all")


async def main():
    delays = (("a", 0.010), ("b", 0.015), ("c", 0.020), ("d", 0.040), ("e", 0.090), ("f", 0.120))
    tasks = [loop.create_task(child(name, delay), name=name) for name, delay in delays]
    # Away from 10 to 30 ms, while the time is over: `b` and `c` are done by then, `d` is not.
    await limited(tasks, 0.025, 0.020)
    await limited(tasks[4:], 0.005, 0)
    await limited(tasks[4:], 0, 0)
    await limited(tasks[4:], 10, 0)
    event("main ends")


loop.run_until_complete(main())
loop.close()
