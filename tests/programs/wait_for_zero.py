# Pins: `wait_for` with a limit of 0 gives what is done already, cancels a running task and waits
# for its clean-up, and never starts a coroutine.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, delay):
    try:
        event(f"{name} starts")
        await asyncio.sleep(delay)
        event(f"{name} ends")
    except asyncio.CancelledError:
        event(f"{name} is cancelled")
        await asyncio.sleep(0.010)
        event(f"{name} has cleaned up")
        raise
    return name.upper()


async def at_once(what, limit):
    try:
        event(f"main gets {await asyncio.wait_for(what, limit)}")
    except TimeoutError:
        event("main is out of time")
    await asyncio.sleep(0.005)


async def main():
    done = loop.create_task(child("done", 0.010))
    running = loop.create_task(child("running", 0.900))
    later = loop.create_task(child("later", 0.900))
    await asyncio.sleep(0.020)
    await at_once(done, 0)
    await at_once(running, 0)
    await at_once(later, 0)
    await at_once(child("never", 0.010), 0)
    event(f"running is {outcome(running)}, later is {outcome(later)}")


loop.run_until_complete(main())
loop.close()
