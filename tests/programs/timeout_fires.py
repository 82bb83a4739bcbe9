# Pins: an expired timeout interrupts its body, which may clean up with awaits and sees that the
# timeout has expired; the error comes when the clean-up is over, and the task itself was not
# cancelled.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def download():
    try:
        for n in range(100):
            await asyncio.sleep(0.010)
            event(f"part {n} is here")
    except asyncio.CancelledError:
        event("the download is interrupted")
        await asyncio.sleep(0.010)
        event("the download is tidied up")
        raise


async def client():
    try:
        async with asyncio.timeout(0.025) as limit:
            event(f"the limit is at {round(limit.when() * 1000)} ms, expired: {limit.expired()}")
            try:
                await download()
            finally:
                event(f"the body ends, expired: {limit.expired()}")
    except TimeoutError:
        event(f"the time is up, expired: {limit.expired()}")
    await asyncio.sleep(0.010)
    event(f"the client goes on, requests: {asyncio.current_task().cancelling()}")
    return "done"


async def main():
    task = loop.create_task(client())
    await asyncio.sleep(0.030)
    event(f"main sees the client {outcome(task)}")
    event(f"the client is {await end_of(task)}")


loop.run_until_complete(main())
loop.close()
