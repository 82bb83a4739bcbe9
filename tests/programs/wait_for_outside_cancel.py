# Pins: cancelling the one who sits in `wait_for` cancels what it waits for, and waits for that
# clean-up, before the cancel goes on; the limit then plays no part.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def child():
    try:
        event("the child starts")
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event("the child is cancelled")
        await asyncio.sleep(0.030)
        event("the child has cleaned up")
        raise
    return "child"


async def waiter(task):
    try:
        await asyncio.wait_for(task, 0.020)
    except TimeoutError:
        event("the waiter is never here")
    except asyncio.CancelledError:
        event(f"the waiter is cancelled, the child is {outcome(task)}")
        await asyncio.sleep(0.005)
        event("the waiter has cleaned up")
        raise
    return "waiter"


async def main():
    inner = loop.create_task(child())
    outer = loop.create_task(waiter(inner))
    await asyncio.sleep(0.010)
    event(f"cancel is granted: {outer.cancel()}")
    await asyncio.sleep(0.020)
    event(f"the child is {outcome(inner)}, the waiter is {outcome(outer)}")
    event(f"the waiter is {await end_of(outer)}")


loop.run_until_complete(main())
loop.close()
