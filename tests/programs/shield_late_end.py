# Pins: what a shielded task comes to after its waiter was cancelled stays with the task: its value
# or its error can still be had from it. (Who is told of a late error differs between versions: here
# nobody listens.)

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, delay, fails):
    await asyncio.sleep(delay)
    event(f"{name} ends late")
    if fails:
        raise ValueError(f"{name} failed")
    return name.upper()


async def waiter(task):
    value = await asyncio.shield(task)
    event("a waiter is never here")
    return value


async def main():
    loop.set_exception_handler(lambda loop, context: None)
    a = loop.create_task(child("a", 0.020, False))
    b = loop.create_task(child("b", 0.030, True))
    waiters = [loop.create_task(waiter(task)) for task in (a, b)]
    await asyncio.sleep(0.010)
    for task in waiters:
        event(f"cancel is granted: {task.cancel()}")
    for task in waiters:
        event(f"the waiter is {await end_of(task)}")
    await asyncio.sleep(0.015)
    event(f"a is {outcome(a)}, b is {outcome(b)}")
    await asyncio.sleep(0.010)
    event(f"a is {outcome(a)}, b is {outcome(b)}")


loop.run_until_complete(main())
loop.close()
