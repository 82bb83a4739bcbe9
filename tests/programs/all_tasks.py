# Pins: `all_tasks` counts the tasks that are not done: running, suspended, new, and asked to cancel
# but not ended; not the finished ones, nor callbacks and futures.

import asyncio

from _virtual_loop import VirtualLoop, names

loop = VirtualLoop()
event = loop.event


def count(when):
    event(f"{when}: {names(asyncio.all_tasks(loop))}")


async def child(delay):
    if delay == 0:
        return
    count("a child's first step")
    await asyncio.sleep(delay)
    count("a child's last step")


async def main():
    asyncio.current_task().set_name("main")
    count("main starts")
    a = loop.create_task(child(0.010), name="a")
    loop.create_task(child(0.020), name="b")
    loop.create_task(child(0), name="short")
    loop.call_soon(count, "a callback behind their first steps")
    loop.create_future()
    count("children are new")
    await asyncio.sleep(0.015)
    count("a has ended")
    c = loop.create_task(child(0.500), name="c")
    await asyncio.sleep(0.010)
    count("b has ended")
    c.cancel()
    count("c is asked to end")
    await asyncio.sleep(0.010)
    count("c has ended")
    await a
    count("a was awaited")


count("before")
loop.create_task(asyncio.sleep(0.030), name="early")
count("made before the loop runs")
loop.run_until_complete(main())
count("after")
loop.close()
