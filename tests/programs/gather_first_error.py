# Pins: a gather that is not settled gives the first error as soon as it happens; the other children
# are tasks and go on, and what they come to later changes nothing.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, delay, fails):
    event(f"{name} starts")
    await asyncio.sleep(delay)
    event(f"{name} ends")
    if fails:
        raise ValueError(f"{name} failed")
    return name.upper()


def watch(task):
    task.add_done_callback(lambda t: event(f"callback sees {outcome(t)}"))
    return task


async def main():
    a = watch(loop.create_task(child("a", 0.030, False)))
    b = watch(loop.create_task(child("b", 0.010, True)))
    c = watch(loop.create_task(child("c", 0.020, True)))
    event("main gathers")
    try:
        await asyncio.gather(a, b, c)
    except ValueError as error:
        event(f"gather gives error {error}")
    await asyncio.sleep(0.015)
    event("main sleeps on")
    await asyncio.sleep(0.010)
    calm = [loop.create_task(child(name, delay, False)) for name, delay in (("x", 0.002), ("y", 0.001))]
    event("gather gives " + " ".join(await asyncio.gather(*calm)))


loop.run_until_complete(main())
loop.close()
