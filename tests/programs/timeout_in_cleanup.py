# Pins: the clean-up after an expiry may have a timeout of its own, which expires on its own
# account; the outer one is reported when the clean-up is over.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def close():
    try:
        async with asyncio.timeout(0.010) as grace:
            try:
                event("it says goodbye")
                await asyncio.sleep(0.900)
            except asyncio.CancelledError:
                event(f"nobody answers, grace expired: {grace.expired()}")
                await asyncio.sleep(0.002)
                raise
    except TimeoutError:
        event("it closes without goodbye")
    await asyncio.sleep(0.005)
    event("it is closed")


async def client():
    try:
        async with asyncio.timeout(0.020) as limit:
            try:
                event("the client works")
                await asyncio.sleep(0.900)
            except asyncio.CancelledError:
                event(f"the client is interrupted, expired: {limit.expired()}")
                await close()
                raise
    except TimeoutError:
        event("the client is out of time")
    await asyncio.sleep(0.010)
    return "closed"


async def main():
    task = loop.create_task(client())
    await asyncio.sleep(0.035)
    event(f"main sees the client {outcome(task)}")
    event(f"the client is {await end_of(task)}")


loop.run_until_complete(main())
loop.close()
