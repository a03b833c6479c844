//! Crates, each used without any TLS settings: `crates NAME URL` prints the page.

use std::error::Error;

use tower::{Service as _, ServiceExt as _};

type Page = Result<String, Box<dyn Error>>;

fn main() -> Result<(), Box<dyn Error>> {
    // Some of these bring a provider of ciphers that others would not choose.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let words: Vec<_> = std::env::args().collect();
    let [_, name, url] = &words[..] else { return Err("usage: crates NAME URL".into()) };
    let page = match name.as_str() {
        "attohttpc" => attohttpc::get(url).send()?.text()?,
        "curl" => curl(url)?,
        "hyper-rustls" => {
            let https = hyper_rustls::HttpsConnectorBuilder::new().with_native_roots()?;
            hyper(https.https_only().enable_http1().build(), url)?
        }
        "hyper-rustls-webpki" => {
            let https = hyper_rustls::HttpsConnectorBuilder::new().with_webpki_roots();
            hyper(https.https_only().enable_http1().build(), url)?
        }
        "isahc" => isahc::ReadResponseExt::text(&mut isahc::get(url)?)?,
        "minreq" => minreq::get(url).send()?.as_str()?.to_owned(),
        "reqwest" => reqwest::blocking::get(url)?.text()?,
        "reqwest-011" => reqwest_011::blocking::get(url)?.text()?,
        "reqwest-012" => reqwest_012::blocking::get(url)?.text()?,
        "tonic" => tonic(url)?,
        "tungstenite" => tungstenite(url)?,
        "ureq" => ureq::get(url).call()?.body_mut().read_to_string()?,
        "ureq-2" => ureq_2::get(url).call()?.into_string()?,
        _ => return Err("there is no such crate here".into()),
    };
    println!("{page}");
    Ok(())
}

fn curl(url: &str) -> Page {
    let (mut handle, mut page) = (curl::easy::Easy::new(), vec![]);
    handle.url(url)?;
    let mut transfer = handle.transfer();
    transfer.write_function(|bytes| {
        page.extend(bytes);
        Ok(bytes.len())
    })?;
    transfer.perform()?;
    drop(transfer);
    Ok(String::from_utf8(page)?)
}

type Https = hyper_rustls::HttpsConnector<hyper_util::client::legacy::connect::HttpConnector>;

#[tokio::main]
async fn hyper(https: Https, url: &str) -> Page {
    use http_body_util::{BodyExt as _, Empty};
    let executor = hyper_util::rt::TokioExecutor::new();
    let client = hyper_util::client::legacy::Client::builder(executor);
    let answer = client.build::<_, Empty<&[u8]>>(https).get(url.parse()?).await?;
    Ok(String::from_utf8(answer.into_body().collect().await?.to_bytes().into())?)
}

/// The server fails each call, and says its page as the reason.
#[tokio::main]
async fn tonic(url: &str) -> Page {
    let tls = tonic::transport::ClientTlsConfig::new().with_enabled_roots();
    let endpoint = tonic::transport::Endpoint::from_shared(url.to_owned())?.tls_config(tls)?;
    let call = http::Request::post(format!("{url}service/method"));
    let mut channel = endpoint.connect().await?;
    let answer = channel.ready().await?.call(call.body(tonic::body::Body::empty())?).await?;
    Ok(answer.headers()["grpc-message"].to_str()?.to_owned())
}

/// The server answers, but not with a WebSocket: the page comes with the refusal.
fn tungstenite(url: &str) -> Page {
    match tungstenite::connect(url.replacen("https", "wss", 1)) {
        Err(tungstenite::Error::Http(answer)) => {
            Ok(String::from_utf8(answer.into_body().unwrap_or_default())?)
        }
        other => Ok(format!("{:?}", other?)),
    }
}
