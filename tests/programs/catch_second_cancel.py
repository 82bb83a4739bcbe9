# Pins: a second request interrupts the clean-up that the first one began, at the await it is at;
# the rest of the clean-up does not happen.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def closer():
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError as first:
        event(f"clean-up begins: {first}")
        try:
            await asyncio.sleep(0.010)
            event("the first half is done")
            await asyncio.sleep(0.010)
            event("the second half is never done")
        except asyncio.CancelledError as second:
            event(f"clean-up is interrupted: {second}")
            await asyncio.sleep(0.003)
            event("only what is urgent is done")
            raise
        raise
    return "closed"


async def main():
    task = loop.create_task(closer())
    await asyncio.sleep(0.005)
    event(f"first cancel is granted: {task.cancel('please')}")
    await asyncio.sleep(0.015)
    event(f"second cancel is granted: {task.cancel('at once')}")
    event(f"the closer is {outcome(task)}")
    event(f"the closer is {await end_of(task)}")


loop.run_until_complete(main())
loop.close()
