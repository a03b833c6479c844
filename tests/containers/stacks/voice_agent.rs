//! compose/voice-agent: an agent whose Whisper and Kokoro are bundled, over HTTP, or on another machine, with
//! TLS and a private CA. This file contains the helpers of its tests; each test has its own network.

mod bundled;
mod external;
mod mistakes;
mod readme;

use std::fs;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::engine::Outcome;
use crate::stack::Stack;

/// The default network of the stack's files.
const SUBNET: &str = "10.89.77";

/// Requests to the agent for which it calls Whisper, Kokoro or n8n, by TLS if they are on another machine.
const EXTERNAL: [&str; 5] = [
    "voices",
    "say -d Hello",
    "hear --data-binary @hello.wav",
    "turn --data-binary @hello.wav",
    "workflow -d Hello",
];

struct Voice {
    stack: Stack,
    subnet: String,
}

impl Deref for Voice {
    type Target = Stack;

    fn deref(&self) -> &Stack {
        &self.stack
    }
}

impl DerefMut for Voice {
    fn deref_mut(&mut self) -> &mut Stack {
        &mut self.stack
    }
}

impl Voice {
    #[track_caller]
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let mut stack = Stack::new("voice-agent");
        let number = std::process::id() as usize * 8 + COUNT.fetch_add(1, Ordering::Relaxed);
        let subnet = format!("10.{}.{}", 128 + number / 256 % 64, number % 256);
        let name = stack.name.clone();
        for (variable, value) in [
            ("LAN", format!("{name}-lan")),
            ("LAN_SUBNET", subnet.clone()),
            ("SERVERS", format!("{name}-servers")),
            ("AGENT_PORT", "0".into()),
        ] {
            stack.exports(variable, &value);
        }
        let example = stack.folder.0.join(".env.example");
        let text = fs::read_to_string(example).unwrap();
        stack.folder.write(".env.example", text.replace(SUBNET, &subnet));
        stack.build("servers/");
        Self { stack, subnet }
    }

    /// Runs commands of the README with this test's addresses.
    #[track_caller]
    fn follows(&self, commands: &str) -> Outcome {
        let commands = commands.replace(SUBNET, &self.subnet);
        let port = "$(docker compose port agent 8080)";
        self.types(&format!("set -e\n{}", commands.replace("localhost:8080", port)))
    }

    /// Calls the agent's HTTP API.
    #[track_caller]
    fn asks(&self, what: &str) -> Outcome {
        self.follows(&format!("curl -sS --max-time 60 localhost:8080/{what}")).exits(0)
    }

    /// Records "Hello there".
    #[track_caller]
    fn records(&self) {
        self.asks("say -d 'Hello there' -o hello.wav -f");
    }

    /// Asserts that the recorded words come back through Whisper, Ollama and Kokoro.
    #[track_caller]
    fn repeats_the_recording(&self) {
        self.asks("turn --data-binary @hello.wav -o reply.wav -f");
        let outcome = self.asks("hear --data-binary @reply.wav");
        assert_eq!(outcome.stdout, r#"{"text": "You said: Hello there"}"#, "{outcome}");
    }

    /// Creates certificates for `addresses` and starts the servers.
    #[track_caller]
    fn starts_servers(&self, addresses: &str) {
        self.follows(&format!("../../scripts/generate-certs.sh {addresses}")).exits(0);
        self.types("cd servers && docker compose up -d --wait").exits(0);
        self.types("cp .env.example .env").exits(0);
    }

    /// Asserts that every request of `EXTERNAL` fails with the cause `why`.
    #[track_caller]
    fn is_refused(&self, why: &str) {
        for what in EXTERNAL {
            self.asks(what).prints(r#"{"error": "SSLCertVerificationError: "#).prints(why);
        }
    }

    /// Returns trust-init's messages at the start of the agent.
    #[track_caller]
    fn messages(&self) -> String {
        let said = self.compose("logs --no-color agent").exits(0);
        let lines = said.stdout.lines().filter_map(|line| line.split_once("trust-init: "));
        lines.map(|(_, line)| line).collect::<Vec<_>>().join("\n")
    }
}
