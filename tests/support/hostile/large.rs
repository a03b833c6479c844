//! Compose files of 10 MB, and files just below the size limit.

use std::fmt::Write as _;

use super::Hostile;
use super::files::AGENT;

const MB: usize = 1 << 20;

fn services(count: usize) -> String {
    let mut text = "services:\n".to_owned();
    for number in 0..count {
        let _ = writeln!(text, "  s{number}:\n    image: registry.invalid/agent");
    }
    text
}

pub fn large() -> Vec<Hostile> {
    vec![
        Hostile::new("10 MB of services", services(220_000)),
        Hostile::new("10 MB of comment", format!("# {}\n{AGENT}", "x".repeat(10 * MB))),
        Hostile::new("10 MB of text", format!("{AGENT}    user: {}\n", "x".repeat(10 * MB))),
        Hostile::new("10 MB of line ends", format!("{AGENT}{}", "\n".repeat(10 * MB))),
        Hostile::new("10 MB of spaces", format!("{AGENT}{}", " ".repeat(10 * MB))),
        Hostile::new("2 MB of comment", format!("# {}\n{AGENT}", "x".repeat(2 * MB - 100))),
        Hostile::new("2 MB of text", format!("{AGENT}    x-a: {}\n", "x".repeat(2 * MB - 100))),
        Hostile::new("2 MB of line ends", format!("{AGENT}{}", "\n".repeat(2 * MB - 100))),
        Hostile::new("2 MB of a list", format!("{AGENT}    x-a: [{}]\n", "x,".repeat(MB - 100))),
        Hostile::new("500 services", services(500)),
        Hostile::new("1,000 anchors", {
            let anchors: String = (0..1_000).map(|n| format!("x-{n}: &a{n} 1\n")).collect();
            format!("{anchors}{AGENT}")
        }),
        Hostile::new("1,000 aliases of one list", {
            format!("x-a: &a [1, 2, 3]\nx-b: [{}]\n{AGENT}", "*a,".repeat(1_000))
        }),
        Hostile::new("10,000 variables", {
            let variables: String = (0..10_000).map(|n| format!("      V{n}: v\n")).collect();
            format!("{AGENT}    environment:\n{variables}")
        }),
    ]
}
