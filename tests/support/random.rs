//! Random Compose projects: the same seed gives the same project. They contain values that can be written
//! or read in two ways, and everything that an overlay changes.

mod words;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use self::words::{IMAGES, LISTED, NAMES, OLD, OTHERS, TRUST, VALUES, VOLUMES};

/// A pseudo-random sequence that depends only on its seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn number_below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    /// Returns true once in `times` calls on average.
    fn once_in(&mut self, times: usize) -> bool {
        self.number_below(times) == 0
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.number_below(all.len())]
    }
}

/// A project, and the arguments of `setup` for it.
pub struct Random {
    dice: Dice,
    services: Vec<(&'static str, &'static str)>,
    files: Vec<(String, String)>,
    pub words: Vec<String>,
}

impl Random {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut services = NAMES.to_vec();
        while services.len() > 6 || services.len() > 1 && dice.once_in(3) {
            services.remove(dice.number_below(services.len()));
        }
        let mut random = Self { dice, services, files: Vec::new(), words: Vec::new() };
        random.write();
        random.choose();
        random
    }

    /// Writes the project, with random modes, into a directory that contains certs/ and one.crt.
    pub fn lay_out(&mut self, directory: &Path) {
        for made in ["data", "partner", "it's $a", ".git"] {
            fs::create_dir_all(directory.join(made)).unwrap();
        }
        fs::copy(directory.join("one.crt"), directory.join("partner/ca.crt")).unwrap();
        for (name, text) in &self.files {
            let path = directory.join(name);
            fs::write(&path, text).unwrap();
            let mode = [0o644, 0o600, 0o664, 0o640][self.dice.number_below(4)];
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    /// Returns the whole project, to print it when a test fails.
    pub fn text(&self) -> String {
        let files = self.files.iter().map(|(name, text)| format!("--- {name}\n{text}\n"));
        format!("{}setup {}", files.collect::<String>(), self.words.join(" "))
    }

    fn write(&mut self) {
        let first = self.dice.pick(&["docker-compose.yml", "compose.yaml"]);
        let ending = if self.dice.once_in(6) { "\r\n" } else { "\n" };
        let text = self.first_file().replace('\n', ending);
        let mark = if self.dice.once_in(8) { "\u{feff}" } else { "" };
        self.files.push((first.to_owned(), format!("{mark}{text}")));
        if self.dice.once_in(2) {
            let over = self.second_file();
            let name = if self.dice.once_in(2) {
                self.words.extend(["-f", first, "-f", "more.yml"].map(str::to_owned));
                "more.yml".to_owned()
            } else {
                let (stem, ending) = first.split_once('.').unwrap();
                format!("{stem}.override.{ending}")
            };
            self.files.push((name, over));
        }
        let variables = self.dice.pick(&[
            "REGISTRY=registry.invalid\nTAG=2\n",
            "# mine\r\nREGISTRY=registry.invalid\r\nTAG='two'",
            "export REGISTRY=\"registry.invalid\"\n\nTAG=1 # one",
        ]);
        self.files.push((".env".to_owned(), variables.to_owned()));
        self.files.push(("settings.env".to_owned(), "SETTING='a $b'\nTAG\n#\nLAST=1".to_owned()));
        if self.dice.once_in(2) {
            let ignored = self.dice.pick(&["", "*.log", "*.log\r\n/data\r\n", "\n\n.env\n"]);
            self.files.push((".gitignore".to_owned(), ignored.to_owned()));
        }
    }

    fn first_file(&mut self) -> String {
        let mut text = String::from(
            "x-logging: &logging {driver: json-file}\n\
             x-shared: &shared\n  SHARED: \"1\"\n  LEVEL: info\n\
             x-base: &base\n  image: registry.invalid/base:1\n  environment: {<<: *shared, BASE: b}\n\
             volumes: {data: {}}\n",
        );
        if self.dice.once_in(4) {
            text.insert_str(0, "name: odd-project\n");
        }
        text.push_str("services:\n");
        for at in 0..self.services.len() {
            let _ = writeln!(text, "  {}:", self.services[at].1);
            if self.dice.once_in(5) {
                text.push_str("    <<: *base\n");
            } else if self.dice.once_in(6) {
                text.push_str(self.dice.pick(&[
                    "    build: .\n",
                    "    build: {context: ./data, args: [A=1, TAG]}\n",
                    "    build: {dockerfile_inline: \"FROM registry.invalid/nginx:1\"}\n",
                ]));
            } else {
                let _ = writeln!(text, "    image: {}", self.dice.pick(IMAGES));
            }
            self.service(at, &mut text);
        }
        text
    }

    /// Returns a second file: new values, and sometimes a new service.
    fn second_file(&mut self) -> String {
        let mut text = String::from(
            "x-logging: &logging {driver: none}\nx-shared: &shared {B: b}\nservices:\n",
        );
        let at = self.dice.number_below(self.services.len());
        let _ = writeln!(text, "  {}:\n    restart: \"no\"", self.services[at].1);
        self.service(at, &mut text);
        if self.dice.once_in(2) {
            text.push_str("  extra:\n    image: registry.invalid/extra:1\n");
        }
        text
    }

    fn service(&mut self, at: usize, text: &mut String) {
        if self.dice.once_in(2) {
            self.environment(text);
        }
        if self.dice.once_in(2) {
            text.push_str("    volumes:\n");
            let mut targets = Vec::new();
            for _ in 0..=self.dice.number_below(2) {
                let volume = self.dice.pick(VOLUMES);
                // Within one file Compose accepts duplicates and keeps the last; that is a mistake of the
                // user.
                let is_new = !targets.contains(&volume);
                if is_new && (!volume.contains("custom-ca") || self.dice.once_in(3)) {
                    let _ = writeln!(text, "      {volume}");
                    targets.push(volume);
                }
            }
            if targets.is_empty() {
                text.push_str("      - ./data:/srv\n");
            }
        }
        if self.dice.once_in(5) {
            let _ =
                writeln!(text, "    profiles: [{}]", self.dice.pick(&["gpu", "\"1\"", "gpu, dev"]));
        }
        if at > 0 && self.dice.once_in(2) {
            let other = self.services[self.dice.number_below(at)].1;
            let _ = match self.dice.number_below(4) {
                0 => writeln!(text, "    depends_on: [{other}]"),
                1 => writeln!(text, "    depends_on: {{{other}: {{condition: service_started}}}}"),
                2 => writeln!(
                    text,
                    "    depends_on:\n      {other}:\n        condition: service_healthy\n        \
                     restart: true"
                ),
                _ => writeln!(text, "    links: [{other}]"),
            };
        }
        let mut keys = vec!["restart", "volumes", "environment"];
        for _ in 0..self.dice.number_below(4) {
            let line = self.dice.pick(OTHERS);
            let key = line.split(':').next().unwrap();
            if !keys.contains(&key) {
                keys.push(key);
                let _ = writeln!(text, "    {line}");
            }
        }
    }

    fn environment(&mut self, text: &mut String) {
        let trust = TRUST[self.dice.number_below(TRUST.len())];
        if self.dice.once_in(6) {
            text.push_str("    environment: {<<: [*shared], LEVEL: \"1\"}\n");
        } else if self.dice.once_in(2) {
            text.push_str("    environment:\n");
            let (mut from, lines) =
                (self.dice.number_below(LISTED.len()), 1 + self.dice.number_below(4));
            for _ in 0..lines {
                let _ = writeln!(text, "      {}", LISTED[from % LISTED.len()]);
                from += 1;
            }
            if self.dice.once_in(2) {
                let value = trust.1.trim_matches('"');
                let _ = writeln!(text, "      - {}={value}", trust.0);
            }
        } else {
            text.push_str("    environment:\n");
            for number in 0..=self.dice.number_below(4) {
                let _ = writeln!(text, "      V{number}: {}", self.dice.pick(VALUES));
            }
            if self.dice.once_in(4) {
                let _ = writeln!(text, "      N: {}", self.dice.pick(OLD));
            }
            if self.dice.once_in(2) {
                let _ = writeln!(text, "      {}: {}", trust.0, trust.1);
            }
        }
    }

    fn choose(&mut self) {
        let name = self.services[self.dice.number_below(self.services.len())].0;
        let ca = self.dice.pick(&["certs", "certs/", "one.crt", "./certs/ca.crt"]);
        let trust = format!("{name}=trust");
        let leave = format!("{name}=leave");
        let words: &[&str] = match self.dice.number_below(8) {
            0 | 1 => &["--custom-ca", ca, "--without", name],
            2 => &["--custom-ca", ca, "--service", &trust],
            3 => &["--custom-ca", ca, "--service", &leave, "--unknown", "leave"],
            4 => &["--custom-ca", "certs", "--domain", "reflector.local", "--tls", name],
            5 => &["--without", name],
            _ => &["--custom-ca", ca, "--extra-ca", "one.crt"],
        };
        self.words.extend(words.iter().map(|word| (*word).to_owned()));
        if self.dice.once_in(3) {
            self.words.push("--activate".to_owned());
        }
    }
}
