//! Clients from PyPI: the current ones on Python 3.13, and older ones on Python 3.11. Their code is in
//! probes/pypi.py, their versions are in images/runtimes-python*/requirements.in.

use super::table::{Client, client};

const BOTH: &[&str] = &["runtimes-python", "runtimes-python-older"];
const CURRENT: &[&str] = &["runtimes-python"];
const OLDER: &[&str] = &["runtimes-python-older"];

const CERTIFI: &str = "the code uses `certifi.where()`, and certifi is never changed: delete `verify=`, \
                       or pass the file of SSL_CERT_FILE";

/// A package by its name on PyPI.
macro_rules! package {
    ($name:literal, $images:expr) => {
        probe!($name, $images, $name)
    };
}

/// A client that uses a package.
macro_rules! probe {
    ($name:literal, $images:expr, $package:literal) => {
        client("Python", $name, $images)
            .version(concat!("python /probes/pypi.py ", $package))
            .asks(concat!("python /probes/pypi.py ", $package, " $URL"))
    };
}

pub const CLIENTS: &[Client] = &[
    package!("aiohttp", BOTH),
    package!("anthropic", BOTH).seldom(),
    package!("awscli", BOTH).asks(
        "rm -f page; AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1 \
         AWS_MAX_ATTEMPTS=1 aws --endpoint-url $URL s3api get-object --bucket A_B --key key page; cat page",
    ),
    package!("azure-core", BOTH).seldom(),
    package!("boto3", BOTH),
    package!("curl-cffi", CURRENT),
    package!("elasticsearch", CURRENT).seldom(),
    package!("google-api-python-client", BOTH),
    package!("google-auth", BOTH).seldom(),
    package!("google-cloud-storage", CURRENT).seldom(),
    package!("grpcio", BOTH),
    package!("httplib2", BOTH),
    package!("httpx", BOTH),
    probe!("httpx with certifi.where()", CURRENT, "httpx-certifi").seldom().reason(CERTIFI),
    package!("huggingface-hub", BOTH).seldom(),
    package!("kubernetes", CURRENT).seldom(),
    package!("livekit", CURRENT).served_says("handshake error: 200 OK"),
    package!("minio", CURRENT).seldom(),
    package!("niquests", CURRENT),
    package!("obstore", CURRENT).seldom(),
    package!("openai", BOTH),
    package!("opensearch-py", CURRENT).seldom(),
    // The page is not a valid requirements file; pip and uv quote it in their error.
    package!("pip", BOTH).asks("pip install --disable-pip-version-check --retries 0 -r $URL"),
    package!("primp", CURRENT).seldom(),
    package!("pycurl", CURRENT),
    package!("pyreqwest", CURRENT),
    package!("requests", BOTH),
    probe!("requests with certifi.where()", CURRENT, "requests-certifi").reason(CERTIFI),
    package!("sentry-sdk", CURRENT),
    probe!("sentry-sdk 1", OLDER, "sentry-sdk").seldom()
        .reason("its code names certifi's file: use a newer version, or `sentry_sdk.init(ca_certs=…)`"),
    package!("slack-sdk", CURRENT).seldom(),
    package!("stripe", BOTH)
        .reason("it has its own bundle: set `stripe.ca_bundle_path = os.environ[\"SSL_CERT_FILE\"]`"),
    package!("tornado", BOTH),
    package!("treq", BOTH),
    package!("truststore", CURRENT).seldom(),
    package!("urllib3", BOTH),
    package!("uv", BOTH).asks("uv pip install --no-cache -r $URL"),
    package!("websocket-client", BOTH),
    package!("websockets", BOTH),
];
