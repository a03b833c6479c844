"""Packages of PyPI, each used without any TLS settings: `pypi.py PACKAGE URL` prints the page, `pypi.py PACKAGE`
its version.

If a package would parse the page, its lower layer is called, which opens the same connection.
"""

import asyncio
import importlib.metadata
import sys
from urllib.parse import urlsplit

SECONDS = 10


def aiohttp(url):
    import aiohttp

    async def get():
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return await response.text()

    return asyncio.run(get())


def anthropic(url):
    from anthropic import Anthropic

    return Anthropic(api_key="none", base_url=url, max_retries=0).get("/", cast_to=str)


def azure_core(url):
    from azure.core import PipelineClient
    from azure.core.rest import HttpRequest

    return PipelineClient(url).send_request(HttpRequest("GET", url)).text()


def boto3(url):
    import boto3
    from botocore.config import Config

    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    store = boto3.client("s3", "us-east-1", endpoint_url=url, config=config, **keys)
    return store.get_object(Bucket="bucket", Key="key")["Body"].read()


def curl_cffi(url):
    from curl_cffi import requests

    return requests.get(url, timeout=SECONDS).text


def elasticsearch(url):
    from elasticsearch import Elasticsearch

    return Elasticsearch(url, max_retries=0).transport.perform_request("GET", "/").body


def google_api_python_client(url):
    from googleapiclient.http import build_http

    return build_http().request(url)[1]


def google_auth(url):
    from google.auth.credentials import AnonymousCredentials
    from google.auth.transport.requests import AuthorizedSession

    return AuthorizedSession(AnonymousCredentials()).get(url).text


def google_cloud_storage(url):
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client

    store = Client("project", AnonymousCredentials(), client_options={"api_endpoint": url.rstrip("/")})
    return store.bucket("bucket").blob("key").download_as_bytes(retry=None)


def grpcio(url):
    import grpc

    channel = grpc.secure_channel(urlsplit(url).netloc, grpc.ssl_channel_credentials())
    return channel.unary_unary("/service/method")(b"", timeout=SECONDS)


def httplib2(url):
    import httplib2

    return httplib2.Http(timeout=SECONDS).request(url)[1]


def httpx(url):
    import httpx

    return httpx.get(url).text


def httpx_certifi(url):
    """What no variable reaches: the roots' file is written into the code."""
    import ssl

    import certifi
    import httpx

    return httpx.get(url, verify=ssl.create_default_context(cafile=certifi.where())).text


def huggingface_hub(url):
    from huggingface_hub.utils import get_session

    return get_session().get(url).text


def kubernetes(url):
    from kubernetes.client import ApiClient, Configuration, CoreV1Api

    api = CoreV1Api(ApiClient(Configuration(host=url)))
    return api.list_namespace(_preload_content=False).data


def livekit(url):
    from livekit.rtc import Room

    return asyncio.run(Room().connect(url.replace("https", "wss"), "token"))


def minio(url):
    from minio import Minio

    store = Minio(urlsplit(url).netloc)
    # By default it tries five times.
    store._http.connection_pool_kw["retries"] = False
    return store.get_object("bucket", "key").data


def niquests(url):
    import niquests

    return niquests.get(url).text


def obstore(url):
    from obstore.store import HTTPStore

    return bytes(HTTPStore.from_url(url, retry_config={"max_retries": 0}).get("key").bytes())


def openai(url):
    import openai

    if hasattr(openai, "OpenAI"):
        return openai.OpenAI(api_key="none", base_url=url, max_retries=0).get("/", cast_to=str)
    openai.api_key, openai.api_base = "none", url.rstrip("/")
    return openai.api_requestor.APIRequestor().request_raw("get", "/").text


def opensearch_py(url):
    from opensearchpy import OpenSearch

    return OpenSearch(url, max_retries=0).transport.perform_request("GET", "/")


def primp(url):
    import primp

    return primp.Client(timeout=SECONDS).get(url).text


def pycurl(url):
    import io

    import pycurl

    page, handle = io.BytesIO(), pycurl.Curl()
    handle.setopt(handle.URL, url)
    handle.setopt(handle.WRITEDATA, page)
    handle.perform()
    return page.getvalue()


def pyreqwest(url):
    from pyreqwest.simple.sync_request import pyreqwest_get

    return pyreqwest_get(url).send().text()


def requests(url):
    import requests

    return requests.get(url).text


def requests_certifi(url):
    """What no variable reaches: the roots' file is written into the code."""
    import certifi
    import requests

    return requests.get(url, verify=certifi.where()).text


def sentry_sdk(url):
    import sentry_sdk

    sentry_sdk.init(f"https://key@{urlsplit(url).netloc}/1", default_integrations=False, shutdown_timeout=0)
    # The API returns no answer; this is the connection by which it sends events.
    return sentry_sdk.Hub.current.client.transport._pool.request("GET", url, retries=False).data


def slack_sdk(url):
    from slack_sdk import WebClient

    return WebClient(base_url=url).api_call("api.test")


def stripe(url):
    import stripe

    stripe.api_key, stripe.api_base = "none", url.rstrip("/")
    return stripe.Balance.retrieve()


def tornado(url):
    from tornado.httpclient import AsyncHTTPClient

    async def get():
        return (await AsyncHTTPClient().fetch(url)).body

    return asyncio.run(get())


def treq(url):
    import treq
    from twisted.internet.defer import Deferred
    from twisted.internet.task import react

    async def get():
        print(await (await treq.get(url)).text())

    react(lambda _: Deferred.fromCoroutine(get()))


def truststore(url):
    import truststore

    truststore.inject_into_ssl()
    return requests(url)


def urllib3(url):
    import urllib3

    return urllib3.PoolManager().request("GET", url, retries=False).data


def websocket_client(url):
    import websocket

    return websocket.create_connection(url.replace("https", "wss"), timeout=SECONDS)


def websockets(url):
    import websockets.exceptions
    from websockets.sync.client import connect

    try:
        return connect(url.replace("https", "wss"), open_timeout=SECONDS)
    except websockets.exceptions.InvalidStatus as answer:
        return answer.response.body


if __name__ == "__main__":
    package, *urls = sys.argv[1:]
    for url in urls:
        print(globals()[package.replace("-", "_")](url))
    if not urls:
        print(importlib.metadata.version(package.removesuffix("-certifi")))
