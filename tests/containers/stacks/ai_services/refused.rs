//! compose/ai-services: every client refuses a certificate for another name, one of a stranger's CA and an
//! expired one, and its message contains the cause.

use crate::stacks::ai_services::{DETECTOR, LLM, NOT_TRUSTED, PROXY, SERVED, Services, Words};
use crate::support::sign::sign;

const ANOTHER_NAME: Words = [
    // requests, httpx
    "certificate is not valid for 'detector'",
    "not detector",
];
const EXPIRED: Words = ["certificate has expired", "certificate has expired"];

#[test]
fn each_cause_is_named() {
    let (services, _) = Services::start("nginx");
    services.follows("trust").exits(0);
    services.clients_print_for_all(SERVED);
    let callers = services.callers();

    services
        .0
        .types(
            "set -e
             rm certs/detector/server*
             trust-compose certs elsewhere.lab --ca certs/ --out certs/detector
             rm certs/llm/*
             trust-compose certs llm --ca-name Stranger --out certs/llm",
        )
        .exits(0);
    let certs = services.0.folder.0.join("certs");
    sign(&certs, &certs.join("proxy"), &["proxy", "localhost"], (-90, -1));
    services.0.types("docker compose restart detector llm proxy").exits(0);

    services.clients_print(DETECTOR, ANOTHER_NAME);
    services.clients_print(LLM, NOT_TRUSTED);
    services.clients_print(PROXY, EXPIRED);
    let ca = "certs/ca.crt";
    services.openssl(DETECTOR, ca).exits(1).says("hostname mismatch");
    services.curl(DETECTOR, ca).exits(60).says("no alternative certificate subject name matches");
    services.openssl(LLM, ca).exits(1).says(NOT_TRUSTED[0]);
    services.curl(LLM, ca).exits(60).says(NOT_TRUSTED[0]);
    services.openssl(PROXY, ca).exits(1).says("certificate has expired");
    services.curl(PROXY, ca).exits(60).says("certificate has expired");
    // Neither the back end nor the worker was restarted.
    assert_eq!(services.callers(), callers);
}
