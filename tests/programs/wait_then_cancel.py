# Pins: what is pending when `wait` runs out of time can be cancelled and waited for once more: each
# ends in its own way, and all of them are done then.

import asyncio

from _virtual_loop import VirtualLoop, names, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, work, cleanup, refuses):
    try:
        event(f"{name} starts")
        await asyncio.sleep(work)
    except asyncio.CancelledError:
        await asyncio.sleep(cleanup)
        event(f"{name} {'refuses' if refuses else 'has cleaned up'}")
        if not refuses:
            raise
        return f"what {name} has"
    event(f"{name} ends")
    return name.upper()


async def main():
    children = (("a", 0.010, 0.0, False), ("b", 0.900, 0.010, False), ("c", 0.900, 0.005, True))
    tasks = [loop.create_task(child(*each), name=each[0]) for each in children]
    done, pending = await asyncio.wait(tasks, timeout=0.020)
    event(f"done {names(done)}, pending {names(pending)}")
    for task in tasks[1:]:
        event(f"cancel of {task.get_name()} is granted: {task.cancel()}")
    done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    event(f"done {names(done)}, pending {names(pending)}")
    done, pending = await asyncio.wait(pending)
    event(f"done {names(done)}, pending {names(pending)}")
    event("they are " + ", ".join(outcome(task) for task in tasks))


loop.run_until_complete(main())
loop.close()
