# Pins: an `as_completed` that is left can be gone on with, and nothing that is done meanwhile is
# lost; what is listed twice comes once; of nothing, nothing comes; what was not asked for is not
# touched.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


def settle(name, future):
    event(f"{name} is set")
    if name == "q":
        future.set_exception(ValueError("q failed"))
    else:
        future.set_result(name.upper())


async def take(iterator, n):
    event(f"main takes {n}")
    for _ in range(n):
        coroutine = next(iterator, None)
        if coroutine is None:
            event("there is no more")
            return
        try:
            event(f"main has {await coroutine}")
        except ValueError as error:
            event(f"main has error {error}")


async def main():
    futures = {name: loop.create_future() for name in "pqrst"}
    for name, delay in (("r", 0.010), ("p", 0.020), ("q", 0.030), ("t", 0.040)):
        loop.call_later(delay, settle, name, futures[name])
    listed = [futures[name] for name in "pqprtrp"]
    iterator = iter(asyncio.as_completed(listed))
    await take(iterator, 2)
    await asyncio.sleep(0.015)
    event("main was away")
    await take(iterator, 3)
    await take(iter(asyncio.as_completed([])), 1)

    iterator = iter(asyncio.as_completed([futures["s"], futures["p"]]))
    await take(iterator, 1)
    del iterator
    event(f"s is {outcome(futures['s'])}")
    settle("s", futures["s"])
    event(f"s is {outcome(futures['s'])}")


loop.run_until_complete(main())
loop.close()
