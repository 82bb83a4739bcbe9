# Pins: a cancel from outside while the body cleans up after an expiry outranks it: the timeout
# passes the cancel on and does not report, and the task ends as cancelled.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def worker():
    try:
        async with asyncio.timeout(0.010) as limit:
            try:
                event("the worker works")
                await asyncio.sleep(0.900)
            except asyncio.CancelledError:
                event(f"the worker is out of time, expired: {limit.expired()}")
                try:
                    await asyncio.sleep(0.500)
                    event("the worker is never here")
                except asyncio.CancelledError as cancelled:
                    event(f"clean-up is interrupted: {cancelled}")
                    await asyncio.sleep(0.005)
                    event("clean-up is cut short")
                    raise
                raise
    except TimeoutError:
        event("the timeout is never reported")
    except asyncio.CancelledError as cancelled:
        event(f"the worker is cancelled: {cancelled}, expired: {limit.expired()}")
        raise
    return "worked"


async def main():
    task = loop.create_task(worker())
    await asyncio.sleep(0.015)
    event(f"main sees the worker {outcome(task)}")
    await asyncio.sleep(0.005)
    event(f"cancel is granted: {task.cancel('hurry up')}")
    event(f"the worker is {await end_of(task)}")


loop.run_until_complete(main())
loop.close()
