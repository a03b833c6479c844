//! Clients from npm: the current ones on Node.js 24, older ones on 22, 20 and 18; Deno and Bun. Their code is
//! in probes/npm.mjs, their versions are in images/runtimes-node-*/package.json.

use super::table::{Client, client};

const EVERY: &[&str] =
    &["runtimes-node-24", "runtimes-node-22", "runtimes-node-20", "runtimes-node-18"];
const CURRENT: &[&str] = &["runtimes-node-24"];
const OLDER: &[&str] = &["runtimes-node-22", "runtimes-node-20", "runtimes-node-18"];
const OLDEST: &[&str] = &["runtimes-node-18"];

/// A package by its name on npm, and its name in the probe.
macro_rules! package {
    ($name:literal, $probe:literal, $images:expr) => {
        client("Node.js", $name, $images)
            .version(concat!(
                "node -p 'require(\"/node_modules/",
                $name,
                "/package.json\").version'"
            ))
            .asks(concat!("node /probes/npm.mjs ", $probe, " $URL"))
    };
    ($name:literal, $images:expr) => {
        package!($name, $name, $images)
    };
}

/// A part of the runtime itself.
macro_rules! part {
    ($runtime:literal, $name:literal, $program:literal, $run:literal, $images:expr) => {
        client($runtime, $name, $images).version(concat!($program, " --version")).asks(concat!(
            $run,
            " /probes/npm.mjs ",
            $name,
            " $URL"
        ))
    };
}

/// A package manager, with a server that is not a registry.
macro_rules! manager {
    ($runtime:literal, $name:literal, $images:expr, $command:literal) => {
        client($runtime, $name, $images)
            .version(concat!($name, " --version"))
            .asks(concat!("cd $HOME && echo {} >package.json && ", $command))
    };
}

pub const CLIENTS: &[Client] = &[
    package!("@aws-sdk/client-s3", "aws-sdk", CURRENT).seldom(),
    // On old Node.js it prints the cause only with verbose output.
    package!("@grpc/grpc-js", "grpc-js", EVERY)
        .asks("GRPC_VERBOSITY=DEBUG GRPC_TRACE=subchannel node /probes/npm.mjs grpc-js $URL"),
    package!("axios", EVERY),
    package!("got", EVERY),
    package!("ky", CURRENT).seldom(),
    package!("needle", CURRENT).seldom(),
    package!("node-fetch", EVERY),
    package!("openai", CURRENT).seldom(),
    package!("request", OLDEST).seldom(),
    package!("superagent", EVERY).seldom(),
    package!("undici", EVERY),
    package!("ws", EVERY),
    part!("Node.js", "fetch", "node", "node", EVERY),
    part!("Node.js", "http2", "node", "node", EVERY),
    part!("Node.js", "https", "node", "node", EVERY),
    manager!("Node.js", "npm", EVERY, "npm view x --registry $URL --fetch-retries 0")
        .served_says("invalid json response body"),
    manager!("Node.js", "pnpm", CURRENT, "pnpm add --config.fetch-retries=0 --registry $URL x")
        .served_says("Failed to decode metadata"),
    client("Node.js", "pnpm before 12", OLDER)
        .seldom()
        .version("pnpm --version")
        .asks("cd $HOME && echo {} >package.json && pnpm add --config.fetch-retries=0 --registry $URL x")
        .served_says("BROKEN_METADATA_JSON"),
    manager!("Node.js", "yarn", CURRENT, "yarn add --non-interactive --registry $URL x")
        .served_says("malformed response from registry"),
    part!("Bun", "fetch", "bun", "bun", CURRENT),
    part!("Bun", "https", "bun", "bun", CURRENT),
    client("Bun", "bun add", CURRENT)
        .version("bun --version")
        .asks("cd $HOME && echo {} >package.json && bun add --registry $URL x")
        .served_says("PackageFailedToParse"),
    part!("Deno", "fetch", "deno", "deno run --allow-net", CURRENT),
    part!("Deno", "https", "deno", "deno run --allow-all", CURRENT),
    client("Deno", "import", CURRENT).version("deno --version").asks("deno cache ${URL}x.ts"),
];
