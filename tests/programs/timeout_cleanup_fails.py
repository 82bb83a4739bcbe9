# Pins: an error that the body raises while it cleans up after the expiry takes the place of the
# timeout's own; the timeout says that it has expired.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def transaction():
    try:
        event("the transaction begins")
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event("the transaction rolls back")
        await asyncio.sleep(0.010)
        event("the transaction cannot roll back")
        raise ValueError("connection lost")


async def client():
    try:
        async with asyncio.timeout(0.020) as limit:
            event("the client has 20 ms")
            await transaction()
            event("the client is never here")
    except TimeoutError:
        event("the timeout is never reported")
    except ValueError as error:
        event(f"the client gets error {error}, expired: {limit.expired()}")
    await asyncio.sleep(0.010)
    event(f"the client goes on, requests: {asyncio.current_task().cancelling()}")
    return "nothing"


async def main():
    task = loop.create_task(client())
    await asyncio.sleep(0.025)
    event(f"main sees the client {outcome(task)}")
    event(f"the client is {await end_of(task)}")


loop.run_until_complete(main())
loop.close()
