# Pins: `gather` starts its children in input order, lets them alternate, and gives their results in
# input order whatever the order of their ends; of nothing it gives nothing, without suspending.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def child(name, delays):
    event(f"{name} starts")
    for delay in delays:
        await asyncio.sleep(delay)
        event(f"{name} resumes")
    return name.upper()


async def main():
    event(f"gather of nothing gives {len(await asyncio.gather())}")
    loop.call_soon(event, "a callback ahead of the children")
    children = [
        loop.create_task(child("a", [0.030, 0.010])),
        loop.create_task(child("b", [0.010, 0.011])),
        loop.create_task(child("c", [0.015])),
    ]
    early = [loop.create_task(child("d", [0.012])), loop.create_task(child("e", [0.013]))]
    event("main gathers")
    event("gather gives " + " ".join(await asyncio.gather(*children)))
    event("finished ones give " + " ".join(await asyncio.gather(*reversed(early))))
    await asyncio.sleep(0.010)
    event("main ends")


loop.run_until_complete(main())
loop.close()
