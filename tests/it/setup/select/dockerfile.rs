//! The facts about an image that a Dockerfile gives, in every valid form.

use trust_init::compose::project::Build;
use trust_init::compose::select::dockerfile;

use crate::setup::select::{built, stack};

/// Returns the base image of these instructions.
fn base(text: &str, target: Option<&str>, args: &[(&str, Option<&str>)]) -> Option<String> {
    let args = args.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)));
    let target = target.map(str::to_owned);
    let build = Build { target, args: args.collect(), ..Build::default() };
    dockerfile::parse_dockerfile(text, &build).map(|recipe| recipe.base)
}

#[test]
fn the_base_of_the_last_stage_counts() {
    let base = |text| base(text, None, &[]).unwrap();
    assert_eq!(
        base("FROM node AS build\nRUN make\nFROM nginx:1.27\nCOPY --from=build /x /"),
        "nginx:1.27"
    );
    assert_eq!(base("FROM nginx AS a\nFROM a AS b\nFROM B"), "nginx");
    // A stage may have the name of an image, even of its own base.
    assert_eq!(base("FROM nginx AS nginx"), "nginx");
    assert_eq!(base("FROM nginx AS node\nFROM node AS nginx\nFROM nginx"), "nginx");
    assert_eq!(base("FROM --platform=$BUILDPLATFORM node AS build\nFROM scratch"), "scratch");
    assert_eq!(
        base("FROM caddy AS base-amd64\nFROM node AS base-arm64\nFROM base-$TARGETARCH"),
        "caddy"
    );
    assert_eq!(base("FROM --platform=linux/amd64 nginx AS web"), "nginx");
    assert_eq!(base("from 'nginx' as web"), "nginx");
}

#[test]
fn the_target_stage_counts() {
    let text = "FROM node AS dev\nFROM nginx AS Prod\nFROM redis";
    let base = |target| base(text, Some(target), &[]);
    assert_eq!(base("dev").as_deref(), Some("node"));
    assert_eq!(base("prod").as_deref(), Some("nginx"));
    assert_eq!(base("1").as_deref(), Some("nginx"));
    assert_eq!(base("9"), None);
    assert_eq!(base("gone"), None);
}

#[test]
fn arguments_before_the_first_stage_are_substituted() {
    let text =
        "ARG NAME=node\nARG TAG=\"22\" BASE=${NAME}:${TAG}\nFROM ${BASE:-debian}\nARG NAME=x";
    assert_eq!(base(text, None, &[]).unwrap(), "node:22");
    assert_eq!(base(text, None, &[("NAME", Some("nginx"))]).unwrap(), "nginx:22");
    assert_eq!(base(text, None, &[("NAME", None)]).unwrap(), "node:22");
    assert_eq!(base(text, None, &[("BASE", Some(""))]).unwrap(), "debian");
    let late = "ARG NAME=nginx\nFROM node\nARG NAME=caddy\nFROM ${NAME}";
    assert_eq!(base(late, None, &[]).unwrap(), "nginx");
    let says = |text| stack([("proxy", built(text))]).decision("proxy");
    // Unknown base: only the service name counts. Base with an unknown tag: known.
    assert_eq!(says("ARG BASE\nFROM ${BASE}"), "leave proxy (by its name)");
    assert_eq!(says("FROM $BASE"), "leave proxy (by its name)");
    assert_eq!(says("FROM node:$TAG"), "trust built here");
    assert_eq!(says("# nothing"), "leave proxy (by its name)");
}

#[test]
fn instructions_are_read_in_every_form() {
    for (text, expected) in [
        ("\u{feff}FROM nginx\r\nRUN x\r\n", "nginx"),
        ("FROM \\\n  nginx", "nginx"),
        ("FROM \\\r\n# why\r\n\r\n   # and why\r\n  nginx\r\n", "nginx"),
        ("FROM \\ \t\n nginx", "nginx"),
        ("# escape=`\nFROM `\n nginx\nRUN dir C:\\\nFROM caddy", "caddy"),
        ("# syntax=docker/dockerfile:1\n# Escape = `\nFROM `\n nginx", "nginx"),
        ("# a comment\n# escape=`\nFROM nginx\nRUN x `\nFROM caddy", "caddy"),
        ("FROM nginx\nRUN x \\\nFROM caddy", "nginx"),
        ("FROM nginx\nRUN x \\\\\nFROM caddy", "caddy"),
        ("  FROM\tnginx", "nginx"),
        ("FROM nginx\nRUN <<EOF\nFROM caddy\nEOF\n", "nginx"),
        ("FROM nginx\nRUN <<-'EOF' && 3<<B cat\n\tFROM caddy\n\tEOF\nFROM httpd\nB\n", "nginx"),
        ("FROM nginx\nCOPY <<\"EOF\" /x\nFROM caddy\nEOF\nFROM httpd", "httpd"),
        ("FROM nginx\nRUN echo $((1 <<2))\nFROM caddy", "caddy"),
        ("FROM nginx\nRUN cat <<<EOF\nFROM caddy\nEOF", "caddy"),
        ("FROM nginx\nENV X <<EOF\nFROM caddy\nEOF", "caddy"),
        ("FROM nginx\nRUN <<-EOF\n\tFROM caddy\n\tEOF", "nginx"),
        ("FROM nginx\nRUN <<EOF\n\tEOF\nFROM caddy\nEOF", "nginx"),
        ("FROM nginx\nONBUILD ENTRYPOINT [\"x\"]\nBOGUS\n=\n", "nginx"),
    ] {
        assert_eq!(base(text, None, &[]).as_deref(), Some(expected), "{text}");
    }
    assert_eq!(base("", None, &[]), None);
    assert_eq!(base("RUN x\nENTRYPOINT x", None, &[]), None);
}
