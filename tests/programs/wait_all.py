# Pins: `wait` for all ends with the last member, never fails for a member's sake, merges members
# that are listed twice, and takes futures as well as tasks.

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


def settle(name, future, error):
    event(f"{name} is set")
    if error:
        future.set_exception(ValueError(error))
    else:
        future.set_result(name.upper())


async def main():
    a = loop.create_task(child("a", 0.020, False), name="a")
    b = loop.create_task(child("b", 0.010, True), name="b")
    event("main waits for two tasks")
    done, pending = await asyncio.wait([a, b])
    event(f"done {names(done)}, pending {names(pending)}: {outcome(a)}, {outcome(b)}")

    p, q, r = (loop.create_future() for _ in range(3))
    loop.call_later(0.010, settle, "q", q, "q failed")
    loop.call_later(0.015, r.cancel)
    loop.call_later(0.020, settle, "p", p, None)
    event("main waits for three futures, listed six times")
    done, pending = await asyncio.wait([p, q, p, r, q, p])
    event(f"done {len(done)}, pending {len(pending)}: {outcome(p)}, {outcome(q)}, {outcome(r)}")
    done, pending = await asyncio.wait([p, q])
    event(f"done {len(done)}, pending {len(pending)} at once")
    await asyncio.sleep(0.010)
    event("main ends")


loop.run_until_complete(main())
loop.close()
