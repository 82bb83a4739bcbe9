# Pins: cancelling a future takes effect at once for who asks, and in a later turn for who waits:
# its awaiters end as cancelled, in order, its callbacks run, and a second cancel is refused.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event
future = loop.create_future()


async def awaiter(name, delay):
    await asyncio.sleep(delay)
    event(f"{name} waits")
    try:
        await future
        event(f"{name} is never here")
    finally:
        event(f"{name} leaves")


def cancel(tasks):
    event(f"cancel is granted: {future.cancel()}")
    event(f"future {outcome(future)}, done: {future.done()}")
    event(f"a second cancel is granted: {future.cancel()}")
    try:
        future.set_result(1)
    except asyncio.InvalidStateError:
        event("a value is refused")
    event("awaiters are " + " ".join(outcome(task) for task in tasks))


async def main():
    tasks = [loop.create_task(awaiter(name, delay)) for name, delay in (("a", 0.002), ("b", 0.001))]
    future.add_done_callback(lambda f: event(f"callback sees cancelled: {f.cancelled()}"))
    loop.call_later(0.010, cancel, tasks)
    await asyncio.sleep(0.020)
    event("awaiters are " + " ".join(outcome(task) for task in tasks))
    late = loop.create_task(awaiter("late", 0.010))
    await asyncio.sleep(0.020)
    event(f"late is {outcome(late)}")


loop.run_until_complete(main())
loop.close()
