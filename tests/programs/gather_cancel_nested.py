# Pins: a cancel goes through nested gathers to every child at every depth, and those who gathered
# are cancelled after them, from the inside out.

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
        raise
    return name


async def branch(name, *tasks):
    try:
        await asyncio.gather(*tasks)
    except asyncio.CancelledError:
        event(f"branch {name} is cancelled")
        raise
    return name


async def root(*tasks):
    try:
        await asyncio.gather(*tasks)
        event("root is never here")
    except asyncio.CancelledError:
        await asyncio.sleep(0.010)
        event("root is cancelled")
        raise
    return "root"


async def main():
    leaves = [loop.create_task(child(name)) for name in ("a", "b", "c")]
    left = loop.create_task(branch("left", leaves[0], leaves[1]))
    task = loop.create_task(root(left, leaves[2]))
    await asyncio.sleep(0.010)
    event(f"cancel is granted: {task.cancel()}")
    await asyncio.sleep(0.040)
    event("the leaves are " + ", ".join(outcome(leaf) for leaf in leaves))
    event(f"left is {outcome(left)}, root is {outcome(task)}")


loop.run_until_complete(main())
loop.close()
