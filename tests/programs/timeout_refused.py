# Pins: a body may swallow the expiry and go on: the timeout does not fire again, gives the body's
# value without an error, and says that it has expired.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def worker():
    async with asyncio.timeout(0.010) as limit:
        try:
            event("the worker begins")
            await asyncio.sleep(0.900)
        except asyncio.CancelledError:
            event(f"the worker refuses, expired: {limit.expired()}")
        await asyncio.sleep(0.020)
        event("the worker takes its time")
        await asyncio.sleep(0.020)
        value = "late work"
    event(f"the worker is behind the limit, expired: {limit.expired()}")
    await asyncio.sleep(0.010)
    event(f"the worker goes on, requests: {asyncio.current_task().cancelling()}")
    return value


async def main():
    task = loop.create_task(worker())
    await asyncio.sleep(0.015)
    event(f"main sees the worker {outcome(task)}")
    await asyncio.sleep(0.020)
    event(f"main sees the worker {outcome(task)}")
    event(f"main gets {await task}")


loop.run_until_complete(main())
loop.close()
