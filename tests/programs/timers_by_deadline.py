# Pins: timers fire by deadline and not by insertion, one that is cancelled (by its maker or by
# another timer) never fires, and one made by a timer takes its place among the older ones.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def main():
    last = loop.call_later(0.040, event, "timer 40")
    loop.call_later(0.010, first, last)
    loop.call_later(0.030, event, "timer 30")
    skipped = loop.call_later(0.020, event, "timer 20")
    loop.call_at(0.025, event, "timer 25")
    event(f"main cancels timer 20, which was cancelled: {skipped.cancelled()}")
    skipped.cancel()
    skipped.cancel()
    event(f"and now it is: {skipped.cancelled()}")
    await asyncio.sleep(0.015)
    event("main resumes at 15")
    await asyncio.sleep(0.012)
    event("main resumes at 27")
    await asyncio.sleep(0.033)
    event(f"main ends, timer 40 was cancelled: {last.cancelled()}")


def first(last):
    event("timer 10 cancels timer 40 and makes one for 12")
    last.cancel()
    loop.call_later(0.002, event, "timer 12, made at 10")
    loop.call_later(0.040, event, "timer 50, made at 10")


loop.run_until_complete(main())
loop.close()
