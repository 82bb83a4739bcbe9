# Pins: done callbacks of tasks run in order and in a later turn than the task's last step, whatever
# the end was: a value, an error or a cancellation; on a finished task too.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, delay):
    await asyncio.sleep(delay)
    loop.call_soon(event, f"callback queued in the last step of {name}")
    event(f"{name} takes its last step")
    if name == "b":
        raise ValueError("b failed")
    return name.upper()


def watch(name, task):
    task.add_done_callback(lambda t: event(f"first callback of {name}: {outcome(t)}"))
    task.add_done_callback(removed)
    task.add_done_callback(lambda t: event(f"second callback of {name}: {outcome(t)}"))
    event(f"removed from {name}: {task.remove_done_callback(removed)}")


def removed(_):
    event("a removed callback")


async def main():
    a = loop.create_task(child("a", 0.010))
    b = loop.create_task(child("b", 0.020))
    c = loop.create_task(child("c", 0.090))
    watch("a", a)
    watch("b", b)
    watch("c", c)
    await asyncio.sleep(0.030)
    event(f"cancelling c: {c.cancel()}")
    event(f"c is {outcome(c)} in the turn of the cancel")
    await asyncio.sleep(0.010)
    a.add_done_callback(lambda t: event(f"late callback of a: {outcome(t)}"))
    event("added to a, which is finished")
    await asyncio.sleep(0.010)
    event(f"main ends, c is {outcome(c)}")


loop.run_until_complete(main())
loop.close()
