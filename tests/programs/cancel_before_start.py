# Pins: a task cancelled before its first step never runs its body, ends as cancelled in a later
# turn, and its awaiter and callbacks learn of it; the tasks around it keep their order.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def child(name):
    event(f"{name} starts")
    await asyncio.sleep(0.010)
    event(f"{name} ends")
    return name.upper()


async def observer(task):
    await asyncio.wait([task])
    event(f"the observer sees b {outcome(task)}")


async def main():
    a = loop.create_task(child("a"))
    b = loop.create_task(child("b"))
    c = loop.create_task(child("c"))
    b.add_done_callback(lambda t: event(f"callback sees cancelled: {t.cancelled()}"))
    event(f"cancel is granted: {b.cancel()}, and again: {b.cancel()}")
    event(f"requests: {b.cancelling()}, b is {outcome(b)}")
    await asyncio.sleep(0.005)
    event(f"b is {outcome(b)}, cancel is granted: {b.cancel()}")
    watched = loop.create_task(observer(b))
    await asyncio.sleep(0.002)
    await watched
    event(f"results {await a} {await c}")
    early.cancel()
    await asyncio.sleep(0.005)
    event(f"early is {outcome(early)}")


early = loop.create_task(asyncio.sleep(0.100))
never = loop.create_task(child("never"))
event(f"cancelled before the loop runs: {never.cancel()}, now {outcome(never)}")
loop.run_until_complete(main())
event(f"never is {outcome(never)}")
loop.close()
