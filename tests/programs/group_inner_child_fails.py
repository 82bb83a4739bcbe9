# Pins: a failure in an inner group ends that group alone: caught between the two, it leaves the
# body and the children of the outer one undisturbed.

import asyncio

from _virtual_loop import VirtualLoop, errors, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, delay, fails):
    try:
        event(f"{name} starts")
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        event(f"{name} is cancelled")
        raise
    event(f"{name} {'fails' if fails else 'ends'}")
    if fails:
        raise ValueError(f"{name} failed")
    return name.upper()


async def main():
    async with asyncio.TaskGroup() as outer:
        calm = outer.create_task(child("calm", 0.040, False))
        try:
            async with asyncio.TaskGroup() as inner:
                inner.create_task(child("bad", 0.010, True))
                inner.create_task(child("sibling", 0.900, False))
                event("the inner body ends")
            event("main is never here")
        except ExceptionGroup as failed:
            event(f"between the groups: {errors(failed)}")
        await asyncio.sleep(0.010)
        event(f"the outer body goes on, calm is {outcome(calm)}")
    event(f"main ends, calm is {outcome(calm)}")


loop.run_until_complete(main())
loop.close()
