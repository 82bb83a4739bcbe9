# Pins: cancelling a task that awaits a shielded one interrupts the waiter at once and leaves the
# shielded one alone: it ends with its value, which others may still get.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def child():
    try:
        event("the child starts")
        await asyncio.sleep(0.030)
        event("the child ends")
    except asyncio.CancelledError:
        event("the child is never here")
        raise
    return "saved"


async def waiter(task):
    event("the waiter waits")
    try:
        await asyncio.shield(task)
        event("the waiter is never here")
    except asyncio.CancelledError as cancelled:
        event(f"the waiter is cancelled: {cancelled}, the child is {outcome(task)}")
        await asyncio.sleep(0.005)
        raise
    return "waiter"


async def main():
    inner = loop.create_task(child())
    outer = loop.create_task(waiter(inner))
    await asyncio.sleep(0.010)
    event(f"cancel is granted: {outer.cancel('no time')}")
    event(f"the waiter is {await end_of(outer)}, the child is {outcome(inner)}")
    event(f"requests to the child: {inner.cancelling()}")
    event(f"main gets {await inner}")


loop.run_until_complete(main())
loop.close()
