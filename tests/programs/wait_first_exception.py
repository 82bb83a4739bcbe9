# Pins: `wait` with FIRST_EXCEPTION ends at the first error; a value does not end it, nor does a
# cancelled member, which is done but is no exception. Without an error it waits for all.

import asyncio

from _virtual_loop import VirtualLoop, names, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, delay, fails):
    event(f"{name} starts")
    await asyncio.sleep(delay)
    event(f"{name} ends")
    if fails:
        raise ValueError(f"{name} failed")
    return name.upper()


async def round_of(pending):
    event(f"main waits for {names(pending)}")
    done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
    event(f"done {names(done)}, pending {names(pending)}")
    for task in sorted(done, key=lambda task: task.get_name()):
        event(f"{task.get_name()} is {outcome(task)}")
    return pending


async def main():
    tasks = [
        loop.create_task(child("a", 0.010, False), name="a"),
        loop.create_task(child("b", 0.900, False), name="b"),
        loop.create_task(child("c", 0.020, True), name="c"),
        loop.create_task(child("d", 0.030, False), name="d"),
        loop.create_task(child("e", 0.040, False), name="e"),
    ]
    loop.call_later(0.015, tasks[1].cancel)
    pending = await round_of(set(tasks))
    await round_of(pending)


loop.run_until_complete(main())
loop.close()
