# Pins: values travel up through nested coroutines and tasks unchanged; awaiting a finished task
# gives its value without suspending; a task that nobody holds runs to its end all the same.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def leaf(n):
    event(f"leaf {n} starts")
    await asyncio.sleep(n / 1000)
    event(f"leaf {n} returns")
    return n


async def branch(name, left, right):
    event(f"{name} starts")
    tasks = [loop.create_task(leaf(left)), loop.create_task(leaf(right))]
    total = await tasks[1]
    event(f"{name} has {total}")
    total += await tasks[0]
    event(f"{name} returns {total}")
    return total


async def direct():
    return 1000 + await leaf(3)


async def main():
    near = loop.create_task(branch("near", 10, 20))
    far = loop.create_task(branch("far", 40, 30))
    loop.create_task(leaf(35))
    event(f"direct call gives {await direct()}")
    event(f"the branches give {await near + await far}")
    done = loop.create_task(leaf(5))
    await asyncio.sleep(0.010)
    loop.call_soon(event, "a callback queued before the await of a finished task")
    event(f"the finished task gives {await done}")
    await asyncio.sleep(0.010)
    return "all is done"


event(loop.run_until_complete(main()))
loop.close()
