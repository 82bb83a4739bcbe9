# Pins: gathers may be nested, may hold futures beside tasks, and several may wait for one task;
# each ends when its own last member does.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def child(name, delay):
    event(f"{name} starts")
    await asyncio.sleep(delay)
    event(f"{name} ends")
    return name.upper()


async def group(name, *members):
    event(f"group {name} gathers {len(members)}")
    results = "".join(await asyncio.gather(*members))
    event(f"group {name} gives {results}")
    return f"({results})"


def answer(future):
    event("the future is set")
    future.set_result("F")


async def main():
    future = loop.create_future()
    loop.call_later(0.025, answer, future)
    tasks = [loop.create_task(child(name, delay)) for name, delay in (("a", 0.040), ("b", 0.010), ("c", 0.030))]
    left = loop.create_task(group("left", tasks[1], future))
    right = loop.create_task(group("right", future, tasks[2]))
    both = loop.create_task(group("both", right, tasks[0], left))
    await asyncio.sleep(0.020)
    event("main waits for the outer group")
    event(f"main gets {await both}")


loop.run_until_complete(main())
loop.close()
