# Pins: an error set on a future reaches every awaiter, in order, and every callback; it stays
# readable; a second setting of any kind is an InvalidState error and changes nothing.

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
    except ValueError as error:
        event(f"{name} gets error {error}")
    return name


def set_twice():
    future.set_exception(ValueError("no luck"))
    event(f"set, it is now: {outcome(future)}")
    try:
        future.set_result("luck")
    except asyncio.InvalidStateError:
        event("a value is refused")
    try:
        future.set_exception(ValueError("other"))
    except asyncio.InvalidStateError:
        event("another error is refused")
    event(f"cancel is refused: {not future.cancel()}")


async def main():
    event(f"future {outcome(future)}")
    try:
        future.result()
    except asyncio.InvalidStateError:
        event("reading it early is refused")
    a = loop.create_task(awaiter("a", 0.002))
    b = loop.create_task(awaiter("b", 0.001))
    late = loop.create_task(awaiter("late", 0.020))
    future.add_done_callback(lambda f: event(f"callback sees error {f.exception()}"))
    loop.call_later(0.010, set_twice)
    event(f"results {await a} {await b} {await late}")
    event(f"future {outcome(future)}")


loop.run_until_complete(main())
loop.close()
