# Pins: children may start siblings while the body runs and when it has long ended: the group waits
# for all of them.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def tree(group, name, depth):
    event(f"{name} grows")
    await asyncio.sleep(0.010)
    if depth > 0:
        group.create_task(tree(group, f"{name}.left", depth - 1))
        await asyncio.sleep(0.003 * depth)
        group.create_task(tree(group, f"{name}.right", depth - 1))
    event(f"{name} is grown")
    return name


async def main():
    async with asyncio.TaskGroup() as group:
        root = group.create_task(tree(group, "root", 2))
        event("the body ends")
    event(f"the group ends, root is {outcome(root)}")
    await asyncio.sleep(0.005)
    event("main ends")


loop.run_until_complete(main())
loop.close()
