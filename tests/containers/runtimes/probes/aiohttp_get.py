# Asks for a page with aiohttp.
import asyncio
import sys

import aiohttp


async def get():
    async with aiohttp.ClientSession() as session, session.get(sys.argv[1]) as answer:
        print(await answer.text())


asyncio.run(get())
